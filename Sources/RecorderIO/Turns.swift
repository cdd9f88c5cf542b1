internal import Synchronization

/// Lets one task at a time go on, in the order of their calls.
final class Turns: Sendable {
    private struct State {
        var isTaken = false
        var nextNumber = 0
        var waiters: [(number: Int, continuation: CheckedContinuation<Bool, Never>)] = []
        /// Cancelled before they waited.
        var cancelled: Set<Int> = []
    }

    private let state = Mutex(State())

    /// Waits for its turn, which lasts until `pass`.
    ///
    /// - Throws: where the task is cancelled while it waits; it has no turn then.
    func take() async throws(CancellationError) {
        let number = state.withLock { state in
            defer { state.nextNumber += 1 }
            return state.nextNumber
        }
        let isTurn = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let answer: Bool? = state.withLock { state in
                    let isCancelled = state.cancelled.remove(number) != nil
                    guard state.isTaken else {
                        // Nobody is before it: what it does with its cancellation is the sink's matter.
                        state.isTaken = true
                        return true
                    }
                    if isCancelled { return false }
                    state.waiters.append((number, continuation))
                    return nil
                }
                if let answer { continuation.resume(returning: answer) }
            }
        } onCancel: {
            cancel(number)
        }
        state.withLock { _ = $0.cancelled.remove(number) }
        guard isTurn else { throw CancellationError() }
    }

    func pass() {
        let next = state.withLock { state in
            guard let first = state.waiters.first else {
                state.isTaken = false
                return CheckedContinuation<Bool, Never>?.none
            }
            state.waiters.removeFirst()
            return first.continuation
        }
        next?.resume(returning: true)
    }

    private func cancel(_ number: Int) {
        let waiter = state.withLock { state in
            guard let index = state.waiters.firstIndex(where: { $0.number == number }) else {
                state.cancelled.insert(number)
                return CheckedContinuation<Bool, Never>?.none
            }
            return state.waiters.remove(at: index).continuation
        }
        waiter?.resume(returning: false)
    }
}
