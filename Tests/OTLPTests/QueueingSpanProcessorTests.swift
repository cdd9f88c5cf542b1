import Testing
import Tracing

@testable import OTLP

@Suite(.timeLimit(.minutes(10))) struct QueueingSpanProcessorTests {
    private let log = LogRecord()
    private let clock = ManualClock()

    private func processor(
        _ exporter: any SpanExporter,
        _ batching: SpanBatching = .atOnce
    ) -> QueueingSpanProcessor {
        QueueingSpanProcessor(
            exporter: exporter,
            resource: .test,
            scope: .test,
            batching: batching,
            logger: log.logger,
            clock: clock
        )
    }

    private func end(_ names: [String], in processor: QueueingSpanProcessor) {
        for name in names { OTLPTracer(processor: processor).startSpan(name, context: .topLevel).end() }
    }

    @Test func `Spans are exported in the order in which they ended, one batch at a time`() async {
        let exporter = ProbeExporter()
        let processor = processor(exporter)
        let names = (0..<2000).map { "\($0)" }
        end(names, in: processor)
        #expect(await processor.forceFlush(timeout: .seconds(1)) == .complete)
        #expect(exporter.spans.map(\.name) == names)
        #expect(!exporter.hasOverlapped)
        #expect(exporter.batches.allSatisfy { (1...512).contains($0.spans.count) })
        #expect(exporter.batches.allSatisfy { $0.scope == .test && $0.resource.attributes == Resource.test.attributes })
    }

    @Test func `Nothing of the span's context is current in an exporter`() async {
        struct Nosy: SpanExporter {
            let seen: Promise<Bool>
            func export(_ batch: SpanBatch) async throws { seen.fulfil(ServiceContext.current != nil) }
        }
        let exporter = Nosy(seen: Promise())
        let processor = QueueingSpanProcessor(exporter: exporter, resource: .test, scope: .test, logger: log.logger)
        let tracer = OTLPTracer(processor: processor)
        tracer.withSpan("outer") { _ in tracer.startSpan("inner").end() }
        #expect(await exporter.seen.value(within: nil, on: clock) == false)
    }

    @Test func `With nothing to do a flush is complete at once`() async {
        #expect(await processor(ProbeExporter(isOpen: false)).forceFlush(timeout: .zero) == .complete)
    }

    @Test func `A full queue drops what comes, counts it and tells, while nobody waits`() async {
        let exporter = ProbeExporter(isOpen: false)
        let processor = processor(exporter, SpanBatching(delay: .zero, exportTimeout: nil, queueCapacity: 2))
        end(["a"], in: processor)
        _ = await exporter.hasStarted.value(within: nil, on: clock)
        end(["b", "c", "d", "e", "f"], in: processor)
        #expect(processor.droppedCount == 3)
        exporter.gate.fulfil(true)
        #expect(await processor.forceFlush(timeout: .seconds(1)) == .complete)
        #expect(exporter.spans.map(\.name) == ["a", "b", "c"])
        #expect(
            log.lines == [
                "warning: Spans were dropped: they ended faster than they could be exported, or after the shutdown count=3"
            ]
        )
    }

    @Test func `A batch that fails is logged and lost, and the next one is exported`() async {
        let exporter = ProbeExporter(failingFor: ["bad"])
        let processor = processor(exporter)
        end(["bad"], in: processor)
        #expect(await processor.forceFlush(timeout: .seconds(1)) != .timedOut)
        #expect(log.lines == ["error: Spans were lost: Refused() count=1"])
        end(["good"], in: processor)
        #expect(await processor.forceFlush(timeout: .seconds(1)) == .complete)
        #expect(exporter.spans.map(\.name) == ["good"])
    }

    @Test func `A flush that waited for a failed batch says so`() async {
        let exporter = ProbeExporter(isOpen: false, failingFor: ["bad"])
        let processor = processor(exporter)
        end(["bad"], in: processor)
        async let outcome = processor.forceFlush(timeout: .seconds(1))
        await clock.sleeps(1)
        exporter.gate.fulfil(true)
        #expect(await outcome == .failed)
    }

    // SES-4
    @Test func `With an exporter that hangs, flush and shutdown end when their time is over`() async {
        let exporter = ProbeExporter(isOpen: false)
        let processor = processor(exporter)
        end(["a"], in: processor)
        async let flushed = processor.forceFlush(timeout: .seconds(5))
        await clock.sleeps(1)
        clock.advance(by: .seconds(5))
        #expect(await flushed == .timedOut)

        async let shutDown = processor.shutdown(timeout: .seconds(10))
        await clock.sleeps(3)
        clock.advance(by: .seconds(10))
        #expect(await shutDown == .timedOut)
        #expect(exporter.shutdownCount == 0)

        exporter.gate.fulfil(true)
        async let again = processor.shutdown(timeout: .seconds(10))
        #expect(await again == .complete)
        #expect(exporter.spans.map(\.name) == ["a"])
    }

    @Test func `A cancelled task still waits for its flush`() async {
        let exporter = ProbeExporter(isOpen: false)
        let processor = processor(exporter)
        end(["a"], in: processor)
        let flush = Task { await processor.forceFlush(timeout: .seconds(5)) }
        flush.cancel()
        await clock.sleeps(1)
        exporter.gate.fulfil(true)
        #expect(await flush.value == .complete)
    }

    @Test func `Shut down by many at once, the exporter is shut down once, and after the last span`() async {
        let exporter = ProbeExporter()
        let processor = processor(exporter)
        end(["a", "b"], in: processor)
        await withTaskGroup(of: FlushOutcome.self) { group in
            for _ in 0..<100 { group.addTask { await processor.shutdown(timeout: .seconds(1)) } }
            for await outcome in group { #expect(outcome == .complete) }
        }
        #expect(exporter.spans.map(\.name) == ["a", "b"])
        #expect(exporter.shutdownCount == 1)
    }

    @Test func `Spans that end after the shutdown are dropped and counted`() async {
        let exporter = ProbeExporter()
        let processor = processor(exporter)
        #expect(await processor.shutdown(timeout: .seconds(1)) == .complete)
        end(["late"], in: processor)
        #expect(processor.droppedCount == 1)
        #expect(exporter.spans.isEmpty)
    }

    // SPAN-5
    @Test func `A batch goes when its first span has waited for the delay, all in one`() async {
        let exporter = ProbeExporter()
        let processor = processor(exporter, SpanBatching(delay: .seconds(5), exportTimeout: nil))
        end(["a"], in: processor)
        await clock.sleeps(1)
        clock.advance(by: .seconds(4))
        end(["b", "c"], in: processor)
        #expect(exporter.batches.isEmpty)
        clock.advance(by: .seconds(1))
        #expect(await exporter.hasEnded.value(within: nil, on: clock) == true)
        #expect(exporter.batches.map { $0.spans.map(\.name) } == [["a", "b", "c"]])
    }

    // SPAN-5
    @Test func `A full batch goes at once, and what is left waits`() async {
        let exporter = ProbeExporter()
        let batching = SpanBatching(delay: .seconds(5), exportTimeout: nil, largestBatchCount: 3)
        let processor = processor(exporter, batching)
        end(["a", "b", "c", "d"], in: processor)
        #expect(await exporter.hasEnded.value(within: nil, on: clock) == true)
        #expect(exporter.batches.map { $0.spans.map(\.name) } == [["a", "b", "c"]])
        #expect(await processor.shutdown(timeout: .seconds(1)) == .complete)
        #expect(exporter.batches.map(\.spans.count) == [3, 1])
    }

    @Test func `A flush and the shutdown do not wait for the delay`() async {
        let exporter = ProbeExporter()
        let processor = processor(exporter, SpanBatching(delay: .seconds(5), exportTimeout: nil))
        end(["a"], in: processor)
        #expect(await processor.forceFlush(timeout: .seconds(1)) == .complete)
        end(["b"], in: processor)
        #expect(await processor.shutdown(timeout: .seconds(1)) == .complete)
        #expect(exporter.batches.map { $0.spans.map(\.name) } == [["a"], ["b"]])
    }

    @Test func `An export is cancelled when its time is over, and the next one goes on`() async {
        let exporter = HangingExporter()
        let processor = processor(exporter, SpanBatching(delay: .zero, exportTimeout: .seconds(30)))
        end(["a"], in: processor)
        async let flushed = processor.forceFlush(timeout: .seconds(3600))
        await clock.sleeps(2)
        clock.advance(by: .seconds(30))
        #expect(await flushed == .failed)
        #expect(log.lines == ["error: Spans were lost: Cancelled() count=1"])
        end(["b"], in: processor)
        await clock.sleeps(3)
        clock.advance(by: .seconds(30))
        #expect(await processor.forceFlush(timeout: .seconds(3600)) != .timedOut)
        #expect(log.lines.count == 2)
    }

    // SES-4
    @Test func `The shutdown's time over, the export is cancelled, what waits is given up, and the exporter shut down`()
        async
    {
        let exporter = HangingExporter()
        let processor = processor(exporter)
        end(["a"], in: processor)
        _ = await exporter.hasStarted.value(within: nil, on: clock)
        end(["b", "c"], in: processor)
        async let outcome = processor.shutdown(timeout: .seconds(10))
        await clock.sleeps(2)
        clock.advance(by: .seconds(10))
        #expect(await outcome != .complete)
        #expect(await exporter.isShutDown.value(within: nil, on: clock) == true)
        #expect(exporter.exportCount == 1)
        #expect(
            Set(log.lines) == [
                "error: Spans were lost: the shutdown's time was over count=2",
                "error: Spans were lost: Cancelled() count=1",
            ]
        )
    }
}
