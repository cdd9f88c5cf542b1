public import Logging
import Synchronization
import Tracing

/// Queues spans as they end, and exports them in order, one batch at a time, by a task that lives while there are any.
///
/// A batch goes when it is full, when its first span has waited for long enough, or when a flush or the shutdown asks for
/// it. Whoever ends a span only waits for a lock. When the queue is full, spans are dropped and counted, and the count is
/// logged by the exporting task. What an exporter throws is logged, and its batch is lost.
public final class QueueingSpanProcessor: SpanProcessor {
    private struct State {
        var queue: [FinishedSpan] = []
        var isExporting = false
        /// Whether the queue has waited for its delay.
        var isOverdue = false
        /// Ends the wait for a batch to become due.
        var wakeUp: Promise<Void>?
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
    private let batching: SpanBatching
    private let logger: Logger
    private let clock: any Clock<Duration>
    private let running: RunningExport

    /// - Parameter clock: measures the delay and all limits.
    public init(
        exporter: any SpanExporter,
        resource: Resource,
        scope: InstrumentationScope,
        batching: SpanBatching = .atOnce,
        logger: Logger,
        clock: any Clock<Duration> = ContinuousClock()
    ) {
        self.exporter = exporter
        self.resource = resource
        self.scope = scope
        self.batching = batching
        self.logger = logger
        self.clock = clock
        running = RunningExport(limit: batching.exportTimeout, on: clock)
    }

    /// How many spans were not taken, because the queue was full or the processor shut down.
    public var droppedCount: Int { state.withLock { $0.droppedCount } }

    public func spanEnded(_ span: FinishedSpan) {
        let (needsTask, wakeUp) = state.withLock { state in
            if state.shutdown != nil || state.queue.count >= batching.queueCapacity {
                state.droppedCount += 1
                state.unreportedDropCount += 1
            } else {
                state.queue.append(span)
                state.acceptedCount += 1
            }
            defer { state.isExporting = true }
            return (!state.isExporting, takeWakeUp(&state))
        }
        wakeUp?.fulfil(())
        // Detached: nothing of the span's own context may be current in an exporter.
        if needsTask { Task.detached { await self.exportQueue() } }
    }

    public func forceFlush(timeout: Duration) async -> FlushOutcome {
        guard let flush = startFlush() else { return .complete }
        return await flush.value(within: timeout, on: clock) ?? .timedOut
    }

    /// What is fulfilled once all that has been taken is settled; nil if it is already.
    private func startFlush() -> Promise<FlushOutcome>? {
        let (promise, wakeUp): (Promise<FlushOutcome>?, Promise<Void>?) = state.withLock { state in
            guard state.settledCount < state.acceptedCount else { return (nil, nil) }
            // Sharing a promise keeps them bounded where an exporter hangs and flushes go on being asked for.
            if let last = state.flushes.last, last.settledCount == state.acceptedCount,
                last.lostCountBefore == state.lostCount
            {
                return (last.promise, nil)
            }
            let promise = Promise<FlushOutcome>()
            state.flushes.append(
                Flush(settledCount: state.acceptedCount, lostCountBefore: state.lostCount, promise: promise)
            )
            return (promise, takeWakeUp(&state))
        }
        wakeUp?.fulfil(())
        return promise
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
                var outcome = FlushOutcome.complete
                if let flush = self.startFlush() {
                    if await flush.value(within: timeout, on: self.clock) == nil { self.breakOff() }
                    // However long an exporter takes to heed that, it is not shut down while it works; callers have
                    // their limits.
                    outcome = await flush.value(within: nil, on: self.clock) ?? .timedOut
                }
                await self.exporter.shutdown()
                promise.fulfil(outcome)
            }
        }
        return await promise.value(within: timeout, on: clock) ?? .timedOut
    }

    /// Gives up what waits, and cancels the export that is going on.
    private func breakOff() {
        let lostCount = state.withLock { state in
            defer { state.queue = [] }
            return state.queue.count
        }
        if lostCount > 0 {
            logger.error("Spans were lost: the shutdown's time was over", metadata: ["count": "\(lostCount)"])
            settle(lostCount, lostCount: lostCount)
        }
        running.breakOff()
    }

    private func exportQueue() async {
        while let step = nextStep() {
            switch step {
            case .wait(let wakeUp):
                let wasWoken = await wakeUp.value(within: batching.delay, on: clock) != nil
                if !wasWoken { state.withLock { $0.isOverdue = true } }
            case .export(let spans):
                var lostCount = 0
                if !spans.isEmpty { lostCount = await export(spans) }
                settle(spans.count, lostCount: lostCount)
            }
        }
    }

    private enum Step {
        /// Until the promise is fulfilled, or the delay has passed.
        case wait(Promise<Void>)
        /// Empty where there are only drops to report.
        case export([FinishedSpan])
    }

    /// Nil when there is nothing left to do.
    private func nextStep() -> Step? {
        state.withLock { state in
            guard !state.queue.isEmpty || state.unreportedDropCount > 0 else {
                state.isExporting = false
                state.isOverdue = false
                return nil
            }
            guard isDue(state) else {
                let wakeUp = Promise<Void>()
                state.wakeUp = wakeUp
                return .wait(wakeUp)
            }
            let batch = Array(state.queue.prefix(batching.largestBatchCount))
            state.queue.removeFirst(batch.count)
            if state.queue.isEmpty { state.isOverdue = false }
            return .export(batch)
        }
    }

    private func isDue(_ state: State) -> Bool {
        batching.delay <= .zero || state.isOverdue || state.queue.count >= batching.largestBatchCount
            || !state.flushes.isEmpty || state.shutdown != nil
    }

    /// What to fulfil, outside of the lock, if the batch that waits has become due.
    private func takeWakeUp(_ state: inout State) -> Promise<Void>? {
        guard state.wakeUp != nil, isDue(state) else { return nil }
        defer { state.wakeUp = nil }
        return state.wakeUp
    }

    /// Exports a batch within its limit. Returns how many of it are lost: none or all.
    private func export(_ spans: [FinishedSpan]) async -> Int {
        let batch = SpanBatch(resource: resource, scope: scope, spans: spans)
        do {
            try await running.run { [exporter] in try await exporter.export(batch) }
            return 0
        } catch {
            logger.error("Spans were lost: \(error)", metadata: ["count": "\(spans.count)"])
            return spans.count
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
