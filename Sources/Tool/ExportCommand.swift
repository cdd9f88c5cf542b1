import ArgumentParser
import FoundationEssentials
import RecordingExport
import RecordingStore
import Session

/// `tapeline export`: delivers a recording again, or to a new place.
struct ExportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract: "Deliver a recording now: again, or to a new place.",
        discussion: """
            EXAMPLES:
              tapeline export 6f1b0c0e                               # by all its exporters, also where it was delivered
              tapeline export 6f1b0c0e dir:/mnt/stick                # to a new place, which is tried again until it works
              tapeline export /var/lib/recordings/call.wav s3://calls/

            EXIT CODES: 0 delivered, 64 no such recording, 74 the state cannot be used, 75 not delivered, 78 configuration.
            """
    )

    @Argument(help: "The recording's id, or how it begins, or its file (or manifest); see 'tapeline list'.")
    var recording: String

    @Argument(help: "Where to deliver, as --export of 'tapeline record' has it (default: all its exporters).")
    var url: String?

    @Option(help: "Where state is kept (default: $STATE_DIRECTORY, or ~/.local/state/tapeline).")
    var state: String?

    @Flag(help: "Say nothing on stderr but errors.")
    var quiet = false

    func validate() throws {
        _ = try destination
    }

    private var destination: String? {
        get throws {
            do throws(RecordingExportError) {
                return try url.map { url throws(RecordingExportError) in
                    try ExporterURL(url, relativeTo: FileManager.default.currentDirectoryPath).text
                }
            } catch {
                throw ValidationError(error.description)
            }
        }
    }

    func run() async throws {
        let state = try ProgramState(asked: state, isQuiet: quiet)
        let database = try state.openDatabase()
        let relay = state.relay(database)
        let made: [Delivery]
        do {
            guard let stored = try await stored(database, relay) else {
                throw ProgramState.failure("no recording is \(recording): see tapeline list", ExitStatus.usage)
            }
            var all: [Delivery] = []
            // A recording in segments is delivered as a whole, its manifest last.
            let segments = try database.storedRecordings().map(\.recording).filter {
                $0.segmentOf == stored.recordingID && $0.removedAt == nil
            }
            for recording in segments + [stored] {
                all += try await relay.deliver(recording, deliveries(of: recording, destination, database, state))
            }
            made = all
        } catch let error as StoreError {
            throw ProgramState.failure(error.description, ExitStatus.inputOutput)
        }
        await state.shutDown()
        for delivery in made {
            let receipt = delivery.receipt
            let reference = receipt?.recordingURL ?? receipt?.recordingPath ?? receipt?.recordingID
            print("\(delivery.exporter): \(delivery.state.rawValue) \(reference ?? delivery.error ?? "")")
        }
        guard made.allSatisfy({ $0.state == .delivered }) else { throw ExitStatus.notDelivered }
    }

    private func stored(_ database: StateDatabase, _ relay: OutboxRelay) async throws -> StoredRecording? {
        guard !recording.contains("/") else {
            return try await relay.recording(ofFile: ProgramState.absolute(recording))
        }
        let found = try database.storedRecordings().map(\.recording).filter { $0.recordingID.hasPrefix(recording) }
        guard found.count < 2 else {
            throw ProgramState.failure("\(found.count) recordings begin with \(recording): give more", ExitStatus.usage)
        }
        return found.first
    }

    private func deliveries(
        of stored: StoredRecording,
        _ destination: String?,
        _ database: StateDatabase,
        _ state: ProgramState
    ) throws -> [Delivery] {
        let known = try database.deliveries(of: stored.recordingID)
        guard let destination else {
            guard !known.isEmpty else {
                throw ProgramState.failure("the recording has no exporter: give a URL to deliver to", ExitStatus.usage)
            }
            return known
        }
        if let same = known.first(where: { $0.destination == destination }) { return [same] }
        let new = Delivery(
            recordingID: stored.recordingID,
            ordinal: (known.last?.ordinal ?? -1) + 1,
            exporter: state.exporter(destination)?.name ?? "",
            destination: destination
        )
        try database.keep(stored, [new])
        return [new]
    }
}
