import ArgumentParser
import RecordingStore
import Session

/// `tapeline recover`: ends what processes that died have left.
struct RecoverCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "recover",
        abstract: "Repair, deliver and report recordings whose process died.",
        discussion: """
            Every start of 'tapeline record' does the same, beside its recording. A recording that goes on is not touched. \
            It may be run again, also after it was killed itself.

            EXAMPLE:
              tapeline recover --state /var/lib/tapeline

            EXIT CODES: 0 all is recovered and delivered, 74 a recording could not be recovered, or only in part, 75 \
            recovered but not delivered, 78 configuration.
            """
    )

    @Option(help: "Where state is kept (default: $STATE_DIRECTORY, or ~/.local/state/tapeline).")
    var state: String?

    @Option(help: "Look below DIR, too, for recordings that no journal knows.")
    var directory: String?

    @Flag(help: "Print the reports as one JSON array on stdout.")
    var json = false

    @Flag(help: "Say nothing on stderr but errors.")
    var quiet = false

    func run() async throws {
        let state = try ProgramState(asked: state, isQuiet: quiet)
        let database: StateDatabase
        do throws(StoreError) {
            database = try state.database.get()
        } catch {
            throw ProgramState.failure(error.description, ExitStatus.inputOutput)
        }
        let directories = [state.path] + (directory.map { [ProgramState.absolute($0)] } ?? [])
        let results = await state.recovery(database).run(below: directories)
        await state.shutDown()
        guard let results else { throw ExitStatus.inputOutput }
        let reports = results.compactMap(\.report)
        if json {
            print("[\(try reports.map { try $0.json() }.joined(separator: ","))]")
        } else {
            print(reports.map(\.summary).joined(), terminator: "")
        }
        let code = ExitStatus.code(for: reports, failed: results.contains { $0.failure != nil || $0.report == nil })
        guard code == ExitStatus.delivered else { throw code }
    }
}
