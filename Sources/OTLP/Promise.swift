import Synchronization

/// A value that comes once, and that any number of tasks wait for, each with a limit of its own.
///
/// The wait is bounded by a timer that does not depend on the one who is to fulfil it, nor on the caller's cancellation:
/// a structured task group would wait for a child that ignores it.
final class Promise<Value: Sendable>: Sendable {
    private struct Waiter {
        let continuation: CheckedContinuation<Value?, Never>
        let timer: Task<Void, Never>?
    }

    private struct State {
        var value: Value?
        var waiters: [Int: Waiter] = [:]
        var waiterCount = 0
    }

    private let state = Mutex(State())

    /// Gives the value to all who wait and will; only the first call does.
    func fulfil(_ value: Value) {
        let waiters = state.withLock { state in
            guard state.value == nil else { return [Waiter]() }
            state.value = value
            defer { state.waiters = [:] }
            return Array(state.waiters.values)
        }
        for waiter in waiters {
            waiter.timer?.cancel()
            waiter.continuation.resume(returning: value)
        }
    }

    /// The value, or nil if it has not come when `limit` has passed on `clock`; without a limit it waits for as long as
    /// it takes.
    func value(within limit: Duration?, on clock: any Clock<Duration>) async -> Value? {
        await withCheckedContinuation { continuation in
            let value: Value? = state.withLock { state in
                if let value = state.value { return value }
                let id = state.waiterCount
                state.waiterCount += 1
                let timer = limit.map { limit in
                    Task.detached {
                        do { try await clock.sleep(for: limit) } catch { return }  // cancelled: the value came
                        self.giveUp(id)
                    }
                }
                state.waiters[id] = Waiter(continuation: continuation, timer: timer)
                return nil
            }
            if let value { continuation.resume(returning: value) }
        }
    }

    private func giveUp(_ id: Int) {
        let waiter = state.withLock { $0.waiters.removeValue(forKey: id) }
        waiter?.continuation.resume(returning: nil)
    }
}
