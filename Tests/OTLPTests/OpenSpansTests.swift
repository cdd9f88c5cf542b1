import Testing
import Tracing

@testable import OTLP

@Suite(.timeLimit(.minutes(10))) struct OpenSpansTests {
    private let processor = ProbeProcessor()

    // SES-8
    @Test func `Shutting down ends what is open, as failed for that reason; flushing does not`() async {
        let tracer = OTLPTracer(processor: processor)
        let span = tracer.startSpan("held", context: .topLevel)
        #expect(await tracer.forceFlush(timeout: .seconds(1)) == .complete)
        #expect(span.isRecording)
        #expect(processor.spans.isEmpty)
        #expect(await tracer.shutdown(timeout: .seconds(1)) == .complete)
        #expect(!span.isRecording)
        #expect(processor.spans.map(\.name) == ["held"])
        #expect(processor.spans.first?.status?.code == .error)
        #expect(processor.spans.first?.status?.message == "telemetry was shut down before the span ended")
        span.end()
        _ = await tracer.shutdown(timeout: .seconds(1))
        #expect(processor.spans.count == 1)
    }

    @Test func `What shutting down ends is exported`() async {
        let exporter = ProbeExporter()
        let tracer = OTLPTracer(exporter: exporter, resource: .test, scope: .test, logger: LogRecord().logger)
        let span = tracer.startSpan("held", context: .topLevel)
        #expect(await tracer.shutdown(timeout: .seconds(600)) == .complete)
        #expect(exporter.spans.map(\.context) == [span.spanContext])
    }

    // SES-7
    @Test func `10000 spans leave nothing behind, ended or let go of`() async {
        weak var last: OTLPSpan?
        weak var openSpans: OpenSpans?
        do {
            let tracer = OTLPTracer(processor: processor)
            for number in 0..<10_000 {
                let span = tracer.startSpan("a", context: .topLevel)
                if number % 2 == 0 { span.end() }
                last = span
            }
            #expect(tracer.openSpans.count == 0)
            #expect(last == nil)
            #expect(processor.spans.count == 5000)
            openSpans = tracer.openSpans
        }
        #expect(openSpans == nil)
    }

    // SPAN-4
    @Test func `A span that is not sampled is not held`() {
        let tracer = OTLPTracer(processor: processor, sampler: .alwaysOff)
        let span = tracer.startSpan("a", context: .topLevel)
        #expect(tracer.openSpans.count == 0)
        span.end()
    }
}
