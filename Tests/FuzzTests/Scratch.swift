import Foundation
import TestSupport

/// A folder in memory for what is fuzzed, one for the process.
enum Scratch {
    private static let folder: TemporaryFolder? = {
        let isThere = FileManager.default.fileExists(atPath: "/dev/shm")
        return try? isThere ? TemporaryFolder(in: "/dev/shm") : TemporaryFolder()
    }()

    static var path: String {
        get throws {
            guard let folder else { throw Contradiction(description: "there is no folder for temporary files") }
            return folder.path
        }
    }

    static func path(_ name: String) throws -> String { "\(try path)/\(name)" }

    /// Writes a file, and returns its path.
    static func write(_ bytes: some Collection<UInt8>, to name: String) throws -> String {
        let path = try path(name)
        try Data(bytes).write(to: URL(fileURLWithPath: path))
        return path
    }

    static func remove(_ path: String) throws {
        guard FileManager.default.fileExists(atPath: path) else { return }
        try FileManager.default.removeItem(atPath: path)
    }
}
