import ArgumentParser
import Logging
import RecordingStore
import Session

/// `tapeline recover`: ends what processes that died have left.
struct RecoverCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "recover",
        abstract: "Repair and report recordings whose process died, and deliver all that is not delivered yet.",
        discussion: """
            Every start of 'tapeline record' does the same, beside its recording. A recording that goes on is not touched. \
            It may be run again, also after it was killed itself.

            EXAMPLE:
              tapeline recover --state /var/lib/tapeline

            EXIT CODES: 0 all is recovered and delivered, 74 a recording could not be recovered, or only in part, 75 \
            something is still to be delivered, 78 configuration.
            """
    )

    @Option(help: "Where state is kept (default: $STATE_DIRECTORY, or ~/.local/state/tapeline).")
    var state: String?

    @Option(help: "Look below DIR, too, for recordings that no journal knows.")
    var directory: String?

    @Option(
        help: """
            Delete delivered recordings, oldest first, where recordings take more bytes than SIZE, such as 500M or 20G \
            (default: delete nothing).
            """
    )
    var diskBudget: ByteCount?

    @Flag(help: "Print the reports as one JSON array on stdout.")
    var json = false

    @Flag(help: "Say nothing on stderr but errors.")
    var quiet = false

    func run() async throws {
        let state = try ProgramState(asked: state, isQuiet: quiet)
        let database = try state.openDatabase()
        let directories = [state.path] + (directory.map { [ProgramState.absolute($0)] } ?? [])
        let results = await state.recovery(database).run(below: directories)
        let isDelivered = await deliver(state.relay(database, budget: diskBudget), directories, state, database)
        await state.shutDown()
        guard let results else { throw ExitStatus.inputOutput }
        let reports = results.compactMap { result in
            let path = result.report?.recording.map { RecordingPlace.reportPath(forFile: $0.path) }
            return path.flatMap(SessionReport.init(atPath:)) ?? result.report
        }
        if json {
            print("[\(try reports.map { try $0.json() }.joined(separator: ","))]")
        } else {
            print(reports.map(\.summary).joined(), terminator: "")
        }
        guard !results.contains(where: { $0.failure != nil || $0.report == nil }) else { throw ExitStatus.inputOutput }
        guard isDelivered else { throw ExitStatus.notDelivered }
    }

    /// Whether nothing is left in the outbox.
    private func deliver(
        _ relay: OutboxRelay,
        _ directories: [String],
        _ state: ProgramState,
        _ database: StateDatabase
    ) async -> Bool {
        do throws(StoreError) {
            try await relay.learn(below: directories)
            try await relay.deliverAll()
            return try database.storedRecordings().flatMap(\.deliveries).allSatisfy { $0.state == .delivered }
        } catch {
            state.logger.error("\(error)")
            return false
        }
    }
}
