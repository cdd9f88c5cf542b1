import ArgumentParser
import Glibc

/// The program.
@main
struct Tapeline: AsyncParsableCommand {
    static let version = "0.1.0"

    static let configuration = CommandConfiguration(
        commandName: "tapeline",
        abstract: "Record microphones, and deliver what was recorded.",
        version: version,
        subcommands: [
            RecordCommand.self, DevicesCommand.self, RecoverCommand.self, ListCommand.self, ExportCommand.self,
        ]
    )

    static func main() async {
        // Each device belongs to one thread here, so alsa-lib's own locks only cost the capture thread (CAP-3).
        unsafe setenv("LIBASOUND_THREAD_SAFE", "0", 1)
        await Self.main(nil)
    }
}
