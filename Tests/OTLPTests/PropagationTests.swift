import Testing
import Tracing

@testable import OTLP

@Suite struct PropagationTests {
    private let traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    private let log = LogRecord()

    private struct Headers: Injector, Extractor {
        func inject(_ value: String, forKey key: String, into carrier: inout [String: String]) { carrier[key] = value }
        func extract(key: String, from carrier: [String: String]) -> String? { carrier[key] }
    }

    private func tracer(_ propagators: Propagators = .standard) -> OTLPTracer {
        OTLPTracer(processor: ProbeProcessor(), propagators: propagators)
    }

    @Test func `Trace context and baggage go in and out beside each other`() {
        let headers = ["traceparent": traceparent, "tracestate": "congo=t61", "baggage": "user=alice,node=DF%2028"]
        var context = ServiceContext.topLevel
        tracer().extract(headers, into: &context, using: Headers())
        #expect(context.spanContext?.spanID.hex == "b7ad6b7169203331")
        #expect(context.baggage?["node"] == "DF 28")
        var carrier: [String: String] = [:]
        tracer().inject(context, into: &carrier, using: Headers())
        #expect(carrier == headers)
    }

    @Test func `A span passes its context's baggage on to its children`() {
        var context = ServiceContext.topLevel
        context.baggage = Baggage("user=alice")
        let span = tracer().startSpan("a", context: context)
        #expect(span.context.baggage?["user"] == "alice")
    }

    @Test func `Without baggage there is no header, and an empty one changes nothing`() {
        var carrier: [String: String] = [:]
        tracer().inject(.topLevel, into: &carrier, using: Headers())
        #expect(carrier.isEmpty)
        var context = ServiceContext.topLevel
        context.baggage = Baggage("user=alice")
        tracer().extract(["baggage": ", ,"], into: &context, using: Headers())
        #expect(context.baggage?["user"] == "alice")
    }

    @Test(arguments: [
        (nil, Propagators.standard), ("", .standard), ("tracecontext", .traceContext), ("baggage", .baggage),
        ("none", Propagators()),
        ("baggage, TraceContext,baggage", .standard), ("tracecontext,b3", .traceContext), ("b3", .standard),
    ])
    func `OTEL_PROPAGATORS says what is read`(list: String?, expected: Propagators) {
        let environment = list.map { ["OTEL_PROPAGATORS": $0] } ?? [:]
        let propagators = Propagators(environment: environment, logger: log.logger)
        #expect(propagators == expected)
        let isUnknown = list?.contains("b3") == true
        let line = "warning: OTEL_PROPAGATORS=\(list ?? "") is ignored: b3 is not among tracecontext, baggage and none"
        #expect(log.lines == (isUnknown ? [line] : []))

        let passedOn = ["TRACEPARENT": traceparent, "TRACESTATE": "congo=t61", "BAGGAGE": "user=alice"]
        let context = ServiceContext(environment: passedOn, propagators: propagators)
        #expect((context.spanContext?.traceparent == traceparent) == expected.contains(.traceContext))
        #expect((context.baggage?["user"] == "alice") == expected.contains(.baggage))
    }

    @Test func `The environment's parent is remote, and a span that starts in it is its child`() {
        let context = ServiceContext(environment: ["TRACEPARENT": traceparent, "TRACESTATE": "congo=t61"])
        #expect(context.spanContext?.isRemote == true)
        #expect(context.spanContext?.traceState.description == "congo=t61")
        ServiceContext.withValue(context) {
            let span = tracer().startSpan("agent_session")
            #expect(span.spanContext.traceID.hex == "0af7651916cd43dd8448eb211c80319c")
            #expect(span.spanContext.traceState.description == "congo=t61")
        }
    }

    @Test(arguments: ["", "garbage", "00-00000000000000000000000000000000-b7ad6b7169203331-01"])
    func `An invalid TRACEPARENT is as none`(traceparent: String) {
        #expect(ServiceContext(environment: ["TRACEPARENT": traceparent]).spanContext == nil)
        #expect(ServiceContext(environment: [:]).spanContext == nil)
    }
}
