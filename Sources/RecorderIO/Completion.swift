internal import Synchronization

/// A value that is set once, from any thread, and that any number of tasks may await, each for a bounded time.
final class Completion<Value: Sendable>: Sendable {
    private struct State {
        var value: Value?
        var nextWaiter = 0
        var waiters: [Int: CheckedContinuation<Value?, Never>] = [:]
    }

    private let state = Mutex(State())

    /// Sets the value; what is set later is ignored.
    func complete(_ value: Value) {
        let waiters = state.withLock { state in
            guard state.value == nil else { return [CheckedContinuation<Value?, Never>]() }
            state.value = value
            defer { state.waiters = [:] }
            return Array(state.waiters.values)
        }
        for waiter in waiters { waiter.resume(returning: value) }
    }

    /// The value; nil if it was not set within `timeLimit`.
    func value(timeLimit: Duration? = nil) async -> Value? {
        let id = state.withLock { state in
            state.nextWaiter += 1
            return state.nextWaiter
        }
        let timer = timeLimit.map { limit in
            Task {
                do {
                    try await Task.sleep(for: limit)
                    self.giveUp(id)
                } catch {
                    // A cancelled timer has been overtaken by the value.
                }
            }
        }
        defer { timer?.cancel() }
        return await withCheckedContinuation { continuation in
            let known = state.withLock { state in
                if state.value == nil { state.waiters[id] = continuation }
                return state.value
            }
            if let known { continuation.resume(returning: known) }
        }
    }

    private func giveUp(_ id: Int) {
        state.withLock { $0.waiters.removeValue(forKey: id) }?.resume(returning: nil)
    }
}
