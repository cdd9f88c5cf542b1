import Testing
import Tracing

@testable import OTLP

@Suite struct OTLPTracerTests {
    private let processor = ProbeProcessor()
    private var tracer: OTLPTracer { OTLPTracer(processor: processor) }

    @Test func `Spans nest by task-local context, and nothing of it is left afterwards`() async throws {
        // SES-7
        await tracer.withSpan("outer") { outer in
            await tracer.withSpan("inner") { inner in
                await Task.yield()
                #expect(ServiceContext.current?.spanContext == inner.spanContext)
                #expect(inner.spanContext.traceID == outer.spanContext.traceID)
            }
            #expect(ServiceContext.current?.spanContext == outer.spanContext)
        }
        #expect(ServiceContext.current?.spanContext == nil)
        let (inner, outer) = (try #require(processor.spans.first), try #require(processor.spans.last))
        #expect(processor.spans.map(\.name) == ["inner", "outer"])
        #expect(inner.parentSpanID == outer.context.spanID)
        #expect(inner.context.spanID != outer.context.spanID)
        #expect(outer.parentSpanID == nil)
        #expect(!inner.isParentRemote)
        #expect(inner.startTime >= outer.startTime && inner.endTime <= outer.endTime)
    }

    @Test func `A span without a parent begins a trace of its own`() {
        let (first, second) = (tracer.startSpan("a", context: .topLevel), tracer.startSpan("b", context: .topLevel))
        #expect(first.spanContext.traceID != second.spanContext.traceID)
        #expect(first.spanContext.isSampled)
        #expect(!first.spanContext.isRemote)
    }

    @Test func `A given parent and start time are taken`() throws {
        let parent = try #require(SpanContext.remote)
        var context = ServiceContext.topLevel
        context.spanContext = parent
        tracer.startSpan("a", context: context, at: Moment(42)).end()
        let span = try #require(processor.spans.first)
        #expect(span.startTime == 42)
        #expect(span.parentSpanID == parent.spanID)
        #expect(span.isParentRemote)
        #expect(span.context.traceID == parent.traceID)
        #expect(!span.context.isRemote)
    }

    // DUR-2
    @Test func `A lost span is started anew under its own ids`() throws {
        let lost = try #require(SpanContext.remote)
        tracer.startSpan("agent_session", as: lost, at: Moment(42)).end(at: Moment(50))
        let span = try #require(processor.spans.first)
        #expect(span.context == lost)
        #expect(span.parentSpanID == nil)
        #expect(span.startTime == 42)
        #expect(span.endTime == 50)
    }

    // SPAN-4
    @Test func `A span that is not sampled passes on its ids, records nothing and is not exported`() {
        let tracer = OTLPTracer(processor: processor, sampler: .alwaysOff)
        tracer.withSpan("a") { span in
            #expect(!span.isRecording)
            #expect(!span.spanContext.isSampled)
            #expect(span.spanContext.traceparent.hasSuffix("-00"))
            span.attributes["a"] = 1
            #expect(span.attributes.isEmpty)
            OTLPTracer(processor: processor).withSpan("child of it") { child in
                #expect(!child.isRecording)
                #expect(child.spanContext.traceID == span.spanContext.traceID)
                #expect(child.spanContext.spanID != span.spanContext.spanID)
            }
        }
        #expect(processor.spans.isEmpty)
    }

    @Test func `An error thrown out of a span ends it as failed, once`() throws {
        struct Broken: Error {}
        #expect(throws: Broken.self) { try tracer.withSpan("a") { _ in throw Broken() } }
        let span = try #require(processor.spans.first)
        #expect(processor.spans.count == 1)
        #expect(span.status?.code == .error)
        #expect(span.events.map(\.name) == ["exception"])
    }

    @Test func `Ids are drawn again for as long as they are zero`() {
        struct Drawn: RandomNumberGenerator {
            var values: [UInt64]
            mutating func next() -> UInt64 { values.removeFirst() }
        }
        var generator = Drawn(values: [0, 0, 0, 7, 0, 9])
        #expect(TraceID.random(using: &generator).hex == "00000000000000000000000000000007")
        #expect(SpanID.random(using: &generator).hex == "0000000000000009")
    }

    @Test func `1000 spans at once have 1000 ids, and every one is exported`() async {
        let exporter = ProbeExporter()
        let tracer = OTLPTracer(exporter: exporter, resource: .test, scope: .test, logger: LogRecord().logger)
        let parent = tracer.startSpan("parent", context: .topLevel)
        await withTaskGroup { group in
            for number in 0..<1000 {
                group.addTask {
                    let span = tracer.startSpan("child", context: parent.context)
                    span.attributes["number"] = number
                    span.addEvent("event")
                    span.end()
                }
            }
        }
        #expect(await tracer.shutdown(timeout: .seconds(600)) == .complete)
        // The shutdown ended the parent.
        let spans = exporter.spans.filter { $0.name == "child" }
        #expect(Set(spans.map(\.context.spanID)).count == 1000)
        #expect(Set(spans.map(\.context.traceID)) == [parent.spanContext.traceID])
        #expect(spans.allSatisfy { $0.parentSpanID == parent.spanContext.spanID && $0.events.count == 1 })
        let numbers = spans.compactMap { span -> Int64? in
            if case .int64(let number) = span.attributes.get("number") { number } else { nil }
        }
        #expect(numbers.sorted() == Array(0..<1000))
    }
}
