import HTTP
import Logging
import Synchronization

/// Takes the spans of a store to where spans go, oldest first, by a task that lives while there is something to do (DUR-3).
///
/// Spans that were kept go after the batches' delay, or at once where a batch is full or a flush asks. What is not taken for
/// a passing reason stays, and is tried again with exponential back-off and jitter, or after what `Retry-After` asks for;
/// what is refused is logged and struck out.
final class SpanDelivery: Sendable {
    private struct State {
        var isRunning = false
        /// How many spans have been kept since the last pass began; nil where nobody has asked for another.
        var askedCount: Int? = 0
        /// Whether a batch need not wait for its delay.
        var isUrgent = false
        var isFinishing = false
        /// Whether nothing goes any more, because what was delivered could not be struck out.
        var isStuck = false
        var failureCount = 0
        /// How long the next pass waits after one that failed.
        var backOff = Duration.zero
        /// Ends the wait for the next pass.
        var wakeUp: Promise<Void>?

        var isDone: Bool { !isRunning && askedCount == nil && failureCount == 0 && !isStuck }
    }

    private let state = Mutex(State())
    private let batching: SpanBatching
    private let backOff: RetryPolicy
    private let clock: any Clock<Duration>
    private let running: RunningExport
    private let pass: DeliveryPass
    private let end = Promise<Void>()

    init(
        from store: SpanStoreAccess,
        by exporter: any RequestExporter,
        batching: SpanBatching,
        backOff: RetryPolicy = RetryPolicy(base: .seconds(5), cap: .seconds(300)),
        logger: Logger,
        clock: any Clock<Duration>
    ) {
        self.batching = batching
        self.backOff = backOff
        self.clock = clock
        running = RunningExport(limit: batching.exportTimeout, on: clock)
        pass = DeliveryPass(
            store: store,
            exporter: exporter,
            running: running,
            largestBatchCount: batching.largestBatchCount,
            logger: logger,
            clock: clock
        )
    }

    /// Whether all that was kept is delivered, as far as this process may.
    var isDone: Bool { state.withLock { $0.isDone } }

    /// So many spans more are kept.
    func add(_ spanCount: Int) { ask(spanCount, urgently: false) }

    /// Looks at once for what there is; after a failure, when its wait is over.
    func start() { ask(0, urgently: true) }

    private func ask(_ spanCount: Int, urgently: Bool) {
        let (needsTask, wakeUp): (Bool, Promise<Void>?) = state.withLock { state in
            guard !state.isFinishing, !state.isStuck else { return (false, nil) }
            let count = (state.askedCount ?? 0) + spanCount
            state.askedCount = count
            if urgently || count >= batching.largestBatchCount { state.isUrgent = true }
            defer { state.isRunning = true }
            let isDue = state.isUrgent && state.failureCount == 0
            return (!state.isRunning, isDue ? state.wakeUp.take() : nil)
        }
        wakeUp?.fulfil(())
        if needsTask { Task.detached { await self.run() } }
    }

    /// Tries once more what was kept since the last try, and ends. Returns whether all is delivered.
    func finish() async -> Bool {
        let (needsTask, wakeUp): (Bool, Promise<Void>?) = state.withLock { state in
            // Where the last try went well, others may have left something since.
            if state.failureCount == 0, state.askedCount == nil, !state.isStuck { state.askedCount = 0 }
            state.isFinishing = true
            defer { state.isRunning = true }
            return (!state.isRunning, state.wakeUp.take())
        }
        wakeUp?.fulfil(())
        if needsTask { Task.detached { await self.run() } }
        _ = await end.value(within: nil, on: clock)
        return isDone
    }

    /// Cancels the export that is going on; what it was to deliver stays.
    func breakOff() { running.breakOff() }

    private func run() async {
        while let (wait, wakeUp) = nextWait() {
            if wait > .zero { _ = await wakeUp.value(within: wait, on: clock) }
            let isFirst = state.withLock { state in
                state.wakeUp = nil
                state.askedCount = nil
                state.isUrgent = false
                return state.failureCount == 0
            }
            do throws(DeliveryPass.Failure) {
                // The next ones of several failures in a row are mostly the same.
                try await pass.run(isTelling: isFirst)
                state.withLock { $0.failureCount = 0 }
            } catch {
                state.withLock { state in
                    state.failureCount += 1
                    state.isStuck = error.isFinal
                    // The end has had its try.
                    if state.isFinishing { state.askedCount = nil }
                    state.backOff = max(error.retryAfter, backOff.wait(afterAttempt: state.failureCount))
                }
            }
        }
    }

    /// How long to wait for the next pass, unless woken; nil where there is to be none.
    private func nextWait() -> (Duration, Promise<Void>)? {
        let (next, isEnd): ((Duration, Promise<Void>)?, Bool) = state.withLock { state in
            let wait: Duration? =
                if state.isStuck || running.isBrokenOff {
                    nil
                } else if state.isFinishing {
                    state.askedCount == nil ? nil : .zero
                } else if state.failureCount > 0 {
                    state.backOff
                } else if state.askedCount != nil {
                    state.isUrgent ? .zero : batching.delay
                } else {
                    nil
                }
            state.isRunning = wait != nil
            let wakeUp = Promise<Void>()
            state.wakeUp = wakeUp
            return (wait.map { ($0, wakeUp) }, wait == nil && state.isFinishing)
        }
        if isEnd { end.fulfil(()) }
        return next
    }
}
