import Testing
import Tracing

@testable import OTLP

@Suite struct OTLPSpanTests {
    private let processor = ProbeProcessor()
    private var tracer: OTLPTracer { OTLPTracer(processor: processor) }

    private struct Broken: Error, CustomStringConvertible {
        var description: String { "it broke" }
    }

    @Test func `A finished span has what was set, in order, at the given times`() throws {
        let target = try #require(SpanContext.remote)
        var targetContext = ServiceContext.topLevel
        targetContext.spanContext = target

        let span = tracer.startSpan("first", context: .topLevel, ofKind: .server, at: Moment(1_000))
        #expect(span.isRecording)
        span.operationName = "renamed"
        span.attributes["lk.recording_id"] = "r1"
        span.attributes["frames"] = 7
        span.addEvent(SpanEvent(name: "gap", at: Moment(1_100), attributes: ["frames": 5]))
        span.addEvent(SpanEvent(name: "exported", at: Moment(1_050)))
        span.addLink(SpanLink(context: targetContext, attributes: ["why": "because"]))
        span.addLink(SpanLink(context: .topLevel, attributes: [:]))
        span.setStatus(SpanStatus(code: .error, message: "failed"))
        span.end(at: Moment(2_000))

        let finished = try #require(processor.spans.first)
        #expect(processor.spans.count == 1)
        #expect(finished.name == "renamed")
        #expect(finished.kind == .server)
        #expect(finished.startTime == 1_000)
        #expect(finished.endTime == 2_000)
        #expect(finished.context == span.context.spanContext)
        #expect(finished.attributes == ["lk.recording_id": "r1", "frames": 7])
        #expect(finished.events.map(\.name) == ["gap", "exported"])
        #expect(finished.events.map(\.time) == [1_100, 1_050])
        #expect(finished.events[0].attributes == ["frames": 5])
        #expect(finished.links.map(\.span) == [target])
        #expect(finished.links[0].attributes == ["why": "because"])
        #expect(finished.status == SpanStatus(code: .error, message: "failed"))
    }

    // SES-4, SES-5
    @Test func `Only the first end counts, and what comes after it is ignored`() {
        let span = tracer.startSpan("a", context: .topLevel)
        span.attributes["before"] = true
        span.end(at: Moment(UInt64.max))
        span.end(at: Moment(UInt64.max - 1))
        span.attributes["after"] = true
        span.addEvent("after")
        span.recordError(Broken())
        span.addLink(span)
        span.setStatus(SpanStatus(code: .error))
        span.operationName = "after"
        span.end()

        #expect(processor.spans.count == 1)
        #expect(!span.isRecording)
        #expect(span.attributes == ["before": true])
        #expect(span.operationName == "a")
        #expect(processor.spans.first?.endTime == UInt64.max)
        #expect(processor.spans.first?.attributes == ["before": true])
        #expect(processor.spans.first?.events.isEmpty == true)
        #expect(processor.spans.first?.links.isEmpty == true)
        #expect(processor.spans.first?.status == nil)
    }

    @Test func `Ended by many tasks at once, a span is handed over once`() async {
        let span = tracer.startSpan("a", context: .topLevel)
        await withTaskGroup { group in
            for _ in 0..<1000 { group.addTask { span.end() } }
        }
        #expect(processor.spans.count == 1)
    }

    @Test func `A clock that was stepped back gives a length of zero, not a negative one`() {
        tracer.startSpan("a", context: .topLevel, at: Moment(1_000)).end(at: Moment(10))
        #expect(processor.spans.first?.endTime == 1_000)
    }

    @Test func `A recorded error is an exception event, and leaves the status alone`() throws {
        let span = tracer.startSpan("a", context: .topLevel)
        span.recordError(Broken(), attributes: ["exception.escaped": true], at: Moment(5))
        span.end()
        let finished = try #require(processor.spans.first)
        let event = try #require(finished.events.first)
        #expect(event.name == "exception")
        #expect(event.time == 5)
        #expect(event.attributes.get("exception.message") == "it broke")
        #expect(event.attributes.get("exception.type") == .string(String(reflecting: Broken.self)))
        #expect(event.attributes.get("exception.escaped") == true)
        #expect(event.attributes.count == 3)
        #expect(finished.status == nil)
        #expect(finished.attributes.isEmpty)
    }

    @Test func `A status of ok is final and has no message`() {
        let span = tracer.startSpan("a", context: .topLevel)
        span.setStatus(SpanStatus(code: .error, message: "at first"))
        span.setStatus(SpanStatus(code: .ok, message: "dropped"))
        span.setStatus(SpanStatus(code: .error, message: "too late"))
        span.end()
        #expect(processor.spans.first?.status == SpanStatus(code: .ok))
    }

    @Test func `Attributes over the limit are dropped and counted, those that were there first stay`() throws {
        let span = tracer.startSpan("a", context: .topLevel)
        for number in (0..<130).reversed() { span.attributes["k\(number)"] = number }
        span.attributes["k129"] = "may still change"
        span.end()
        let finished = try #require(processor.spans.first)
        #expect(finished.attributes.count == 128)
        #expect(finished.droppedAttributeCount == 2)
        #expect(finished.attributes.get("k129") == "may still change")
        #expect(finished.attributes.get("k2") == 2)
        #expect(finished.attributes.get("k1") == nil)
    }

    @Test func `Events and links over the limit push out the oldest, counted`() throws {
        var limits = SpanLimits()
        limits.linkCount = 1
        limits.attributeCountPerEvent = 1
        limits.attributeCountPerLink = 0
        let tracer = OTLPTracer(processor: processor, limits: limits)
        let other = tracer.startSpan("other", context: .topLevel)
        let span = tracer.startSpan("a", context: .topLevel)
        for number in 0..<131 { span.addEvent(SpanEvent(name: "e\(number)", attributes: ["a": 1, "b": 2])) }
        span.addLink(span)
        span.addLink(other, attributes: ["a": 1])
        span.end()
        let finished = try #require(processor.spans.first)
        #expect(finished.events.map(\.name) == (3..<131).map { "e\($0)" })
        #expect(finished.droppedEventCount == 3)
        #expect(finished.events[0].attributes == ["a": 1])
        #expect(finished.events[0].droppedAttributeCount == 1)
        #expect(finished.links.map(\.span) == [other.spanContext])
        #expect(finished.droppedLinkCount == 1)
        #expect(finished.links[0].droppedAttributeCount == 1)
    }
}
