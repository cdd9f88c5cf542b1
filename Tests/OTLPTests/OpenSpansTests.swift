import Testing
import Tracing

@testable import OTLP

@Suite(.timeLimit(.minutes(2))) struct OpenSpansTests {
    private let processor = ProbeProcessor()
    private let clock = ManualClock()

    private func tracer(greatestAge: Duration? = .seconds(60)) -> OTLPTracer {
        OTLPTracer(processor: processor, greatestSpanAge: greatestAge, clock: clock)
    }

    // SES-8
    @Test func `Shutting down ends what is open, as failed for that reason; flushing does not`() async {
        let tracer = tracer()
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
        #expect(await tracer.shutdown(timeout: .seconds(60)) == .complete)
        #expect(exporter.spans.map(\.context) == [span.spanContext])
    }

    @Test func `A span that is too old is ended as failed, and younger ones go on until their time`() async {
        let tracer = tracer()
        let old = tracer.startSpan("old", context: .topLevel)
        await clock.sleeps(1)
        clock.advance(by: .seconds(20))
        let young = tracer.startSpan("young", context: .topLevel)
        clock.advance(by: .seconds(40))
        await clock.sleeps(2)
        #expect(!old.isRecording)
        #expect(young.isRecording)
        #expect(processor.spans.map(\.name) == ["old"])
        #expect(processor.spans.first?.status?.code == .error)
        #expect(processor.spans.first?.status?.message == "the span was open for longer than 60 s")
        clock.advance(by: .seconds(19))
        #expect(young.isRecording)
        clock.advance(by: .seconds(1))
        await processor.hasEnded(2)
        #expect(processor.spans.map(\.name) == ["old", "young"])

        // The watch ended with the last of them, and begins anew.
        let next = tracer.startSpan("next", context: .topLevel)
        await clock.sleeps(3)
        clock.advance(by: .seconds(60))
        await processor.hasEnded(3)
        #expect(!next.isRecording)
    }

    @Test func `Without a greatest age nothing is watched`() {
        let tracer = tracer(greatestAge: nil)
        let span = tracer.startSpan("a", context: .topLevel)
        clock.advance(by: .seconds(1e9))
        #expect(span.isRecording)
        #expect(clock.sleepCount == 0)
    }

    // SES-7
    @Test func `10000 spans leave nothing behind, ended or let go of`() async {
        weak var last: OTLPSpan?
        weak var openSpans: OpenSpans?
        do {
            let tracer = tracer()
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
        #expect(clock.sleepCount <= 1)
    }

    // SPAN-4
    @Test func `A span that is not sampled is not held`() {
        let tracer = OTLPTracer(processor: processor, sampler: .alwaysOff)
        let span = tracer.startSpan("a", context: .topLevel)
        #expect(tracer.openSpans.count == 0)
        span.end()
    }
}
