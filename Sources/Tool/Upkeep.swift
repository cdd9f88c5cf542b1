import Logging
import RecordingStore
import Session
import Synchronization

/// What a start of the program does for earlier recordings, beside its own: it recovers those whose process died, and
/// delivers from the outbox.
final class Upkeep: Sendable {
    private let state: ProgramState
    private let database: StateDatabase
    private let directories: [String]
    private let relay: OutboxRelay
    private let isWanted = Atomic(true)
    private let task = Mutex<Task<Void, Never>?>(nil)

    /// - Parameter directories: where recordings are looked for that the database does not know.
    init(_ state: ProgramState, _ database: StateDatabase, directories: [String], budget: ByteCount?) {
        self.state = state
        self.database = database
        self.directories = directories
        relay = state.relay(database, budget: budget)
    }

    func start() {
        let running = Task.detached { [self] in
            let recovery = state.recovery(database)
            _ = await recovery.run(below: directories) { self.isWanted.load(ordering: .relaxed) }
            do throws(StoreError) {
                try await relay.learn(below: directories)
            } catch {
                state.logger.error("\(error)")
            }
            await relay.run()
        }
        task.withLock { $0 = running }
    }

    /// Waits for what is under way, each within its own limits; nothing more is begun.
    func finish() async {
        isWanted.store(false, ordering: .relaxed)
        await relay.finish()
        await task.withLock { $0 }?.value
    }

    /// Ends what is under way, too: it is left for another time.
    func skip() { task.withLock { $0 }?.cancel() }
}
