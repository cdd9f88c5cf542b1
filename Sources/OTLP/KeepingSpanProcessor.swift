import Dispatch
import Logging
import Synchronization

/// Has spans kept in a store before they go to a collector, so that no crash, power cut or absent collector costs one (DUR-3).
///
/// Those that have ended are written down at once, and delivered from there. A flush is over when they are on the disk; the
/// shutdown waits for the collector, too, and leaves to the next process what it has not taken by then.
final class KeepingSpanProcessor: SpanProcessor {
    private let queue: QueueingSpanProcessor
    private let delivery: SpanDelivery
    private let clock: any Clock<Duration>
    private let state = Mutex(State())

    private struct State {
        var isKept = false
        var shutdown: Promise<FlushOutcome>?
    }

    /// - Parameters:
    ///   - queue: what takes spans as they end.
    ///   - delivery: of all that is kept, by processes that are dead, too. It begins at once.
    init(_ queue: QueueingSpanProcessor, _ delivery: SpanDelivery, clock: any Clock<Duration> = ContinuousClock()) {
        self.queue = queue
        self.delivery = delivery
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
                promise.fulfil(outcome == .complete && !isDelivered ? .kept : outcome)
            }
        }
        if let outcome = await promise.value(within: timeout, on: clock) { return outcome }
        if isFirst { delivery.breakOff() }
        return state.withLock { $0.isKept } ? .kept : .timedOut
    }
}

/// Writes spans down for a delivery to take them from; what the store does not take goes to the collector at once.
struct KeepingSpanExporter: SpanExporter {
    let store: any SpanStore
    let delivery: SpanDelivery
    /// For what the store does not take.
    let exporter: any RequestExporter
    let logger: Logger
    private let queue = DispatchQueue(label: "tapeline.span-store")

    init(in store: any SpanStore, for delivery: SpanDelivery, else exporter: any RequestExporter, logger: Logger) {
        self.store = store
        self.delivery = delivery
        self.exporter = exporter
        self.logger = logger
    }

    func export(_ batch: SpanBatch) async throws {
        let request = ExportRequest(batch)
        let bytes = try request.bytes(.protobuf)
        let spanIDs = batch.spans.map(\.context.spanID.hex)
        do {
            let droppedCount = try await queue.value { [store] in try store.keep(bytes, spanIDs: spanIDs) }
            if droppedCount > 0 {
                logger.error(
                    "Spans were lost: no collector has taken them, and the store holds no more",
                    metadata: ["count": "\(droppedCount)"]
                )
            }
            delivery.add(batch.spans.count)
        } catch {
            logger.error("Spans are sent without being kept: \(error)", metadata: ["count": "\(batch.spans.count)"])
            try await exporter.export(request)
        }
    }
}
