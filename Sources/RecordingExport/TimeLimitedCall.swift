import Dispatch
import Synchronization

/// One call of foreign code on a thread of its own: settled once, by whichever comes first of its end, its time limit and
/// the caller's cancellation. What comes after that changes nothing (EXP-2).
package final class TimeLimitedCall<Value: Sendable>: Sendable {
    package enum Ending: Sendable {
        case returned(Value)
        case threw(any Error)
        case timedOut
        case cancelled
    }

    private struct State {
        var ending: Ending?
        var continuation: CheckedContinuation<Ending, Never>?
        var task: Task<Void, Never>?
    }

    private let state = Mutex(State())
    private let settled = DispatchSemaphore(value: 0)
    private let onLateEnding: @Sendable (Ending) -> Void

    /// `onLateEnding` is told, on the call's thread, of an end after the call was settled without it.
    package init(onLateEnding: @escaping @Sendable (Ending) -> Void) {
        self.onLateEnding = onLateEnding
    }

    /// Calls `body` and returns how that ended, after `limit` at the latest. It sees the caller's task-local values.
    package func ending(
        within limit: Duration,
        of body: @escaping @Sendable () async throws -> Value
    ) async -> Ending {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                start(body, limit, continuation)
            }
        } onCancel: {
            _ = settle(.cancelled)
        }
    }

    private func start(
        _ body: @escaping @Sendable () async throws -> Value,
        _ limit: Duration,
        _ continuation: CheckedContinuation<Ending, Never>
    ) {
        let earlyEnding = state.withLock { state in
            if state.ending == nil { state.continuation = continuation }
            return state.ending
        }
        if let earlyEnding { return continuation.resume(returning: earlyEnding) }
        do {
            let thread = try ExporterThread()
            // Not isolated to the caller's actor, for this function is not: all of it runs on that thread. The caller's
            // task-locals (its trace context) go along.
            let task = Task(executorPreference: thread) {
                let ending: Ending
                do {
                    ending = .returned(try await body())
                } catch {
                    ending = .threw(error)
                }
                if !self.settle(ending) { self.onLateEnding(ending) }
                thread.finish()
            }
            state.withLock { $0.task = task }
            do {
                try ExporterThread.start { self.watch(limit) }
            } catch {
                task.cancel()
                throw error
            }
        } catch {
            _ = settle(.threw(error))
        }
    }

    /// Waits for the settlement, or brings it about, then cancels a call that was given up. The time limit lives on this
    /// thread because the shared pool may be busy; the cancellation, because a handler of the called may block.
    private func watch(_ limit: Duration) {
        if settled.wait(timeout: .now() + limit.dispatchInterval) == .timedOut { _ = settle(.timedOut) }
        let abandonedTask = state.withLock { state -> Task<Void, Never>? in
            switch state.ending {
            case .timedOut, .cancelled: state.task
            case .returned, .threw, nil: nil
            }
        }
        abandonedTask?.cancel()
    }

    /// Returns whether this ending is the one that counts.
    private func settle(_ ending: Ending) -> Bool {
        let (isFirst, continuation) = state.withLock { state -> (Bool, CheckedContinuation<Ending, Never>?) in
            guard state.ending == nil else { return (false, nil) }
            state.ending = ending
            return (true, state.continuation.take())
        }
        guard isFirst else { return false }
        continuation?.resume(returning: ending)
        settled.signal()
        return true
    }
}

extension Duration {
    /// To the nanosecond, at least 0 and at most a century.
    fileprivate var dispatchInterval: DispatchTimeInterval {
        let bounded = min(max(self, .zero), .seconds(3_155_760_000)).components
        return .nanoseconds(Int(bounded.seconds * 1_000_000_000 + bounded.attoseconds / 1_000_000_000))
    }
}
