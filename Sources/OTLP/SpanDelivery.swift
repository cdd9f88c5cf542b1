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

    /// How a pass ended that did not empty the store.
    private struct Failure: Error {
        var retryAfter = Duration.zero
    }

    /// Of one request.
    private static let largestByteCount = 4 << 20
    /// Between two requests, so that a collector that is back is not flooded.
    private static let pause = Duration.milliseconds(100)

    private let state = Mutex(State())
    private let store: SpanStoreAccess
    private let exporter: any RequestExporter
    private let batching: SpanBatching
    private let backOff: RetryPolicy
    private let logger: Logger
    private let clock: any Clock<Duration>
    private let running: RunningExport
    private let end = Promise<Void>()

    init(
        from store: SpanStoreAccess,
        by exporter: any RequestExporter,
        batching: SpanBatching,
        backOff: RetryPolicy = RetryPolicy(base: .seconds(5), cap: .seconds(300)),
        logger: Logger,
        clock: any Clock<Duration>
    ) {
        self.store = store
        self.exporter = exporter
        self.batching = batching
        self.backOff = backOff
        self.logger = logger
        self.clock = clock
        running = RunningExport(limit: batching.exportTimeout, on: clock)
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
            state.withLock { state in
                state.wakeUp = nil
                state.askedCount = nil
                state.isUrgent = false
            }
            do {
                try await pass()
                state.withLock { $0.failureCount = 0 }
            } catch {
                state.withLock { state in
                    state.failureCount += 1
                    // The end has had its try.
                    if state.isFinishing { state.askedCount = nil }
                    state.backOff = max(
                        (error as? Failure)?.retryAfter ?? .zero,
                        backOff.wait(afterAttempt: state.failureCount)
                    )
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

    /// Delivers until the store has nothing left of this process's.
    private func pass() async throws {
        try await stored { try $0.takeOverSpans() }
        // Of a request that was refused, how many are still to be sent one by one: none is lost for another's sake.
        var singleCount = 0
        var isFirst = true
        while !running.isBrokenOff {
            let spanCount = singleCount > 0 ? 1 : batching.largestBatchCount
            let kept = try await stored { try $0.oldestSpans(spanCount: spanCount, byteCount: Self.largestByteCount) }
            guard !kept.isEmpty else { return }
            if !isFirst { _ = await Promise<Void>().value(within: Self.pause, on: clock) }
            isFirst = false
            guard let (request, whole) = try await request(of: kept) else { continue }
            do {
                try await running.run { [exporter] in try await exporter.export(request) }
                try await strike(whole)
            } catch let error as OTLPExportError where error.isRefusal {
                guard whole.count == 1 else {
                    singleCount = whole.count
                    continue
                }
                logger.error("Spans were lost: \(error)", metadata: ["count": "\(request.spanCount)"])
                try await strike(whole)
            } catch let failure as Failure {
                throw failure
            } catch {
                tell("Spans are kept, and sent again later: \(error)", spanCount: request.spanCount)
                throw Failure(retryAfter: (error as? OTLPExportError)?.retryAfter ?? .zero)
            }
            singleCount = max(0, singleCount - 1)
        }
        throw Failure()
    }

    /// One for all that are whole, and these; what is damaged is struck out. Nil where none is whole.
    private func request(of kept: [KeptSpans]) async throws -> (ExportRequest, [KeptSpans])? {
        var request: ExportRequest?
        var whole: [KeptSpans] = []
        for spans in kept {
            guard let next = ExportRequest(spans) else {
                logger.error(
                    "Spans were lost: what was kept of them is damaged",
                    metadata: ["count": "\(spans.spanCount)"]
                )
                try await strike([spans])
                continue
            }
            request?.append(next)
            request = request ?? next
            whole.append(spans)
        }
        return request.map { ($0, whole) }
    }

    private func strike(_ spans: [KeptSpans]) async throws {
        do {
            try await store.value { try $0.strike(spans) }
        } catch {
            // They would be sent again and again.
            state.withLock { $0.isStuck = true }
            logger.error("No more spans are sent until the next start, which sends some a second time: \(error)")
            throw Failure()
        }
    }

    private func stored<Value: Sendable>(
        _ call: @escaping @Sendable (any SpanStore) throws -> Value
    ) async throws -> Value {
        do {
            return try await store.value(of: call)
        } catch {
            tell("Spans that are kept cannot be read: \(error)", spanCount: nil)
            throw Failure()
        }
    }

    /// Only the first of several failures in a row: the next ones are mostly the same.
    private func tell(_ sentence: String, spanCount: Int?) {
        guard state.withLock({ $0.failureCount == 0 }) else { return }
        logger.warning("\(sentence)", metadata: spanCount.map { ["count": "\($0)"] })
    }
}
