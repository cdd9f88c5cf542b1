import Synchronization

/// An export that goes on, for no longer than its limit, and not beyond the moment at which all exports are broken off.
final class RunningExport: Sendable {
    private struct State {
        var task: Task<Void, any Error>?
        var isBrokenOff = false
    }

    private let state = Mutex(State())
    private let limit: Duration?
    private let clock: any Clock<Duration>

    /// - Parameter limit: of each; nil for none but the exporter's own.
    init(limit: Duration?, on clock: any Clock<Duration>) {
        self.limit = limit
        self.clock = clock
    }

    /// Waits for its end, however long an exporter takes to heed that it is cancelled. One at a time.
    func run(_ export: @escaping @Sendable () async throws -> Void) async throws {
        let task = Task.detached { try await export() }
        let isBrokenOff = state.withLock { state in
            state.task = task
            return state.isBrokenOff
        }
        if isBrokenOff { task.cancel() }
        let timer = limit.map { [clock] limit in
            Task.detached {
                try await clock.sleep(for: limit)
                task.cancel()
            }
        }
        let result = await task.result
        timer?.cancel()
        state.withLock { $0.task = nil }
        try result.get()
    }

    var isBrokenOff: Bool { state.withLock { $0.isBrokenOff } }

    /// Cancels the one that goes on, and all that come.
    func breakOff() {
        let task = state.withLock { state in
            state.isBrokenOff = true
            return state.task
        }
        task?.cancel()
    }
}
