import Foundation
import RecorderIO
import RecordingStore
import TestSupport

/// Files that are repaired, in a folder of their own.
struct Workspace {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    func path(_ name: String) -> String { "\(folder.path)/\(name)" }

    /// Writes bytes as a file and repairs it.
    func repair(_ bytes: [UInt8], _ container: Container, as name: String = "take.part") throws -> RepairedFile {
        let path = try folder.write(Data(bytes), to: name)
        return try RecordingRepair.repair(partAt: path, container: container)
    }

    func bytes(_ name: String = "take.part") throws -> [UInt8] {
        [UInt8](try Data(contentsOf: URL(fileURLWithPath: path(name))))
    }

    /// Runs a program on files of the folder; what it wrote, if it was content.
    func run(_ program: String, _ arguments: [String]) async throws -> String {
        let ending = try await ChildProcess.run("/usr/bin/env", [program] + arguments, in: folder.path)
        guard ending.exitCode == 0 else {
            throw InvalidSoundFile("\(program) refuses \(arguments): \(ending.standardError)")
        }
        return String(decoding: ending.standardOutput, as: UTF8.self) + ending.standardError
    }

    struct InvalidSoundFile: Error, CustomStringConvertible {
        let description: String

        init(_ description: String) { self.description = description }
    }
}
