import Foundation
import Tracing

@testable import OTLP

/// A span with all that a span can have, and the request that it must become.
enum FullSpan {
    static var limits: SpanLimits {
        var limits = SpanLimits()
        limits.eventCount = 1
        limits.linkCount = 1
        limits.attributeCount = 12
        return limits
    }

    static func end(in tracer: OTLPTracer) throws -> OTLPSpan {
        var parent = ServiceContext.topLevel
        parent.spanContext = SpanContext(
            traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            tracestate: "congo=t61"
        )
        let span = tracer.startSpan("agent_session", context: parent, ofKind: .consumer, at: Moment(1 << 63))
        span.attributes = [
            "a.string": "quote \" slash / line\n tab\t null\0 ü 🎤 \u{2028}",
            "b.bool": true, "c.int64": .int64(.min), "d.int32": .int32(.max), "e.double": 0.1,
            "f.nan": .double(.nan), "g.infinite": .double(-.infinity),
            "h.strings": .stringArray(["x", ""]), "i.ints": .int64Array([1, 2]),
            "j.bools": .boolArray([false]), "k.doubles": .doubleArray([1.5]), "l.convertible": .stringConvertible(7),
            "m.dropped": 1,
        ]
        span.addEvent("pushed out")
        span.addEvent(SpanEvent(name: "gap", at: Moment(7), attributes: ["frames": 5]))
        span.addLink(span)
        span.addLink(SpanLink(context: parent, attributes: ["why": "it"]))
        span.setStatus(SpanStatus(code: .error, message: "no audio"))
        span.end(at: Moment(.max))
        return span
    }

    /// By OTLP's JSON mapping, with the resource and the scope of the tests.
    static func request(_ span: OTLPSpan) -> NSDictionary {
        func attribute(_ key: String, _ value: [String: Any]) -> [String: Any] { ["key": key, "value": value] }
        return [
            "resourceSpans": [
                [
                    "resource": ["attributes": [attribute("service.name", ["stringValue": "test"])]],
                    "scopeSpans": [
                        [
                            "scope": ["name": "tapeline", "version": "1.2.3"],
                            "spans": [
                                [
                                    "traceId": "0af7651916cd43dd8448eb211c80319c",
                                    "spanId": span.spanContext.spanID.hex,
                                    "parentSpanId": "b7ad6b7169203331",
                                    "traceState": "congo=t61",
                                    "flags": 0x301,
                                    "name": "agent_session",
                                    "kind": 5,
                                    "startTimeUnixNano": "9223372036854775808",
                                    "endTimeUnixNano": "18446744073709551615",
                                    "attributes": [
                                        attribute(
                                            "a.string",
                                            ["stringValue": "quote \" slash / line\n tab\t null\0 ü 🎤 \u{2028}"]
                                        ),
                                        attribute("b.bool", ["boolValue": true]),
                                        attribute("c.int64", ["intValue": "-9223372036854775808"]),
                                        attribute("d.int32", ["intValue": "2147483647"]),
                                        attribute("e.double", ["doubleValue": 0.1]),
                                        attribute("f.nan", ["doubleValue": "NaN"]),
                                        attribute("g.infinite", ["doubleValue": "-Infinity"]),
                                        attribute(
                                            "h.strings",
                                            ["arrayValue": ["values": [["stringValue": "x"], ["stringValue": ""]]]]
                                        ),
                                        attribute(
                                            "i.ints",
                                            ["arrayValue": ["values": [["intValue": "1"], ["intValue": "2"]]]]
                                        ),
                                        attribute("j.bools", ["arrayValue": ["values": [["boolValue": false]]]]),
                                        attribute("k.doubles", ["arrayValue": ["values": [["doubleValue": 1.5]]]]),
                                        attribute("l.convertible", ["stringValue": "7"]),
                                    ],
                                    "droppedAttributesCount": 1,
                                    "events": [
                                        [
                                            "timeUnixNano": "7",
                                            "name": "gap",
                                            "attributes": [attribute("frames", ["intValue": "5"])],
                                        ]
                                    ],
                                    "droppedEventsCount": 1,
                                    "links": [
                                        [
                                            "traceId": "0af7651916cd43dd8448eb211c80319c",
                                            "spanId": "b7ad6b7169203331",
                                            "traceState": "congo=t61",
                                            "attributes": [attribute("why", ["stringValue": "it"])],
                                            "flags": 0x301,
                                        ]
                                    ],
                                    "droppedLinksCount": 1,
                                    "status": ["code": 2, "message": "no audio"],
                                ]
                            ],
                        ]
                    ],
                ]
            ]
        ]
    }
}
