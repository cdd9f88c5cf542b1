import ArgumentParser
import FoundationEssentials
import RecordingStore

/// `tapeline list`: what was recorded, and what has become of it.
struct ListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List recordings, oldest first, and where each was delivered.",
        discussion: """
            A recording is 'recording' while it goes on, 'interrupted' where its process died (see 'tapeline recover'), \
            'local' without exporters, else 'delivered', 'pending' (to be delivered, or to be tried again), 'refused' (see \
            its error; 'tapeline export ID' tries again) or 'removed' (delivered, then deleted to keep the disk's budget). \
            Segments stand below the recording that they are of, whose file is their manifest.
            """
    )

    @Option(help: "Where state is kept (default: $STATE_DIRECTORY, or ~/.local/state/tapeline).")
    var state: String?

    @Flag(help: "Print one JSON array on stdout.")
    var json = false

    func run() async throws {
        let state = try ProgramState(asked: state, isQuiet: true)
        let database = try state.openDatabase()
        let entries: [StoredEntry]
        do throws(StoreError) {
            let open = try database.openRecordings().map { StoredEntry($0.recording, isAlive: $0.isAlive) }
            let ids = Set(open.map(\.recordingID))
            let stored = try database.storedRecordings().map { StoredEntry($0.recording, $0.deliveries) }
            entries = StoredEntry.grouped(stored.filter { !ids.contains($0.recordingID) } + open)
        } catch {
            throw ProgramState.failure(error.description, ExitStatus.inputOutput)
        }
        guard json else { return print(entries.map(\.text).joined(), terminator: "") }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        print(String(decoding: try encoder.encode(entries), as: UTF8.self))
    }
}
