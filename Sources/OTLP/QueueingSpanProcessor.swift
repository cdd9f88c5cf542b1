public import Logging
import Synchronization
import Tracing

/// Queues spans as they end, and exports them in order, one batch at a time, by a task that lives while there are any.
///
/// Whoever ends a span only waits for a lock. When the queue is full, spans are dropped and counted, and the count is
/// logged by the exporting task. What an exporter throws is logged, and its batch is lost.
public final class QueueingSpanProcessor: SpanProcessor {
    /// At most this many spans go to the exporter in one call, as in OpenTelemetry's batches.
    static let largestBatchCount = 512

    private struct State {
        var queue: [FinishedSpan] = []
        var isExporting = false
        var acceptedCount = 0
        /// Of the accepted, those that an exporter has taken or refused.
        var settledCount = 0
        var lostCount = 0
        var droppedCount = 0
        var unreportedDropCount = 0
        var flushes: [Flush] = []
        var shutdown: Promise<FlushOutcome>?
    }

    /// One who waits until so many spans are settled.
    private struct Flush {
        let settledCount: Int
        let lostCountBefore: Int
        let promise: Promise<FlushOutcome>
    }

    private let state = Mutex(State())
    private let exporter: any SpanExporter
    private let resource: Resource
    private let scope: InstrumentationScope
    private let capacity: Int
    private let logger: Logger
    private let clock: any Clock<Duration>

    /// - Parameters:
    ///   - capacity: how many spans may wait, besides the batch that is being exported.
    ///   - clock: measures the limits of `forceFlush` and `shutdown`.
    public init(
        exporter: any SpanExporter,
        resource: Resource,
        scope: InstrumentationScope,
        capacity: Int = 2048,
        logger: Logger,
        clock: any Clock<Duration> = ContinuousClock()
    ) {
        self.exporter = exporter
        self.resource = resource
        self.scope = scope
        self.capacity = capacity
        self.logger = logger
        self.clock = clock
    }

    /// How many spans were not taken, because the queue was full or the processor shut down.
    public var droppedCount: Int { state.withLock { $0.droppedCount } }

    public func spanEnded(_ span: FinishedSpan) {
        let needsTask = state.withLock { state in
            if state.shutdown != nil || state.queue.count >= capacity {
                state.droppedCount += 1
                state.unreportedDropCount += 1
            } else {
                state.queue.append(span)
                state.acceptedCount += 1
            }
            defer { state.isExporting = true }
            return !state.isExporting
        }
        // Detached: nothing of the span's own context may be current in an exporter.
        if needsTask { Task.detached { await self.exportQueue() } }
    }

    public func forceFlush(timeout: Duration) async -> FlushOutcome {
        await flush(within: timeout)
    }

    private func flush(within limit: Duration?) async -> FlushOutcome {
        let promise: Promise<FlushOutcome>? = state.withLock { state in
            guard state.settledCount < state.acceptedCount else { return nil }
            // Sharing a promise keeps them bounded where an exporter hangs and flushes go on being asked for.
            if let last = state.flushes.last, last.settledCount == state.acceptedCount,
                last.lostCountBefore == state.lostCount
            {
                return last.promise
            }
            let promise = Promise<FlushOutcome>()
            state.flushes.append(
                Flush(settledCount: state.acceptedCount, lostCountBefore: state.lostCount, promise: promise)
            )
            return promise
        }
        guard let promise else { return .complete }
        return await promise.value(within: limit, on: clock) ?? .timedOut
    }

    public func shutdown(timeout: Duration) async -> FlushOutcome {
        let (promise, isFirst) = state.withLock { state in
            if let promise = state.shutdown { return (promise, false) }
            let promise = Promise<FlushOutcome>()
            state.shutdown = promise
            return (promise, true)
        }
        if isFirst {
            Task.detached {
                // However long an exporter takes, it is not shut down while it works; callers have their limits.
                let outcome = await self.flush(within: nil)
                await self.exporter.shutdown()
                promise.fulfil(outcome)
            }
        }
        return await promise.value(within: timeout, on: clock) ?? .timedOut
    }

    private func exportQueue() async {
        while let spans = nextBatch() {
            var lostCount = 0
            if !spans.isEmpty {
                do {
                    try await exporter.export(SpanBatch(resource: resource, scope: scope, spans: spans))
                } catch {
                    lostCount = spans.count
                    logger.error("Spans were lost: \(error)", metadata: ["count": "\(spans.count)"])
                }
            }
            settle(spans.count, lostCount: lostCount)
        }
    }

    /// The spans to export next, empty where there are only drops to report; nil when there is nothing left to do.
    private func nextBatch() -> [FinishedSpan]? {
        state.withLock { state in
            guard !state.queue.isEmpty || state.unreportedDropCount > 0 else {
                state.isExporting = false
                return nil
            }
            let batch = Array(state.queue.prefix(Self.largestBatchCount))
            state.queue.removeFirst(batch.count)
            return batch
        }
    }

    private func settle(_ count: Int, lostCount: Int) {
        let (settled, dropCount) = state.withLock { state in
            state.settledCount += count
            state.lostCount += lostCount
            let settled = state.flushes.filter { $0.settledCount <= state.settledCount }.map { flush in
                (promise: flush.promise, hasLosses: state.lostCount > flush.lostCountBefore)
            }
            state.flushes.removeAll { $0.settledCount <= state.settledCount }
            defer { state.unreportedDropCount = 0 }
            return (settled, state.unreportedDropCount)
        }
        if dropCount > 0 {
            logger.warning(
                "Spans were dropped: they ended faster than they could be exported, or after the shutdown",
                metadata: ["count": "\(dropCount)"]
            )
        }
        for flush in settled { flush.promise.fulfil(flush.hasLosses ? .failed : .complete) }
    }
}
