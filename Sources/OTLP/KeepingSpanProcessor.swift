import Synchronization

/// Has spans kept in a store before they go to a collector, so that no crash, power cut or absent collector costs one (DUR-3).
///
/// Those that have ended are written down at once, and delivered from there. A flush is over when they are on the disk; the
/// shutdown waits for the collector, too, and leaves to the next process what it has not taken by then.
final class KeepingSpanProcessor: SpanProcessor {
    private let queue: QueueingSpanProcessor
    private let delivery: SpanDelivery
    private let store: SpanStoreAccess
    private let clock: any Clock<Duration>
    private let state = Mutex(State())

    private struct State {
        var isKept = false
        var shutdown: Promise<FlushOutcome>?
    }

    /// - Parameters:
    ///   - queue: what takes spans as they end.
    ///   - delivery: of all that is kept, by processes that are dead, too. It begins at once.
    ///   - store: let go of at the end of the shutdown.
    init(
        _ queue: QueueingSpanProcessor,
        _ delivery: SpanDelivery,
        of store: SpanStoreAccess,
        clock: any Clock<Duration> = ContinuousClock()
    ) {
        self.queue = queue
        self.delivery = delivery
        self.store = store
        self.clock = clock
        delivery.start()
    }

    func spanEnded(_ span: FinishedSpan) { queue.spanEnded(span) }

    func forceFlush(timeout: Duration) async -> FlushOutcome {
        let outcome = await queue.forceFlush(timeout: timeout)
        delivery.start()
        return outcome == .complete && !delivery.isDone ? .kept : outcome
    }

    func shutdown(timeout: Duration) async -> FlushOutcome {
        let (promise, isFirst) = state.withLock { state in
            if let promise = state.shutdown { return (promise, false) }
            let promise = Promise<FlushOutcome>()
            state.shutdown = promise
            return (promise, true)
        }
        if isFirst {
            Task.detached { [self] in
                let outcome = await queue.shutdown(timeout: timeout)
                state.withLock { $0.isKept = outcome == .complete }
                let isDelivered = await delivery.finish()
                store.close()
                promise.fulfil(outcome == .complete && !isDelivered ? .kept : outcome)
            }
        }
        if let outcome = await promise.value(within: timeout, on: clock) { return outcome }
        if isFirst { delivery.breakOff() }
        return state.withLock { $0.isKept } ? .kept : .timedOut
    }
}
