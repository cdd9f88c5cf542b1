public import Foundation

/// A folder of a test's own, removed with it.
public final class TemporaryFolder: Sendable {
    public let path: String

    /// - Parameter parent: the system's temporary folder unless given.
    public init(in parent: String = FileManager.default.temporaryDirectory.path) throws {
        path = "\(parent)/tapeline-\(UUID().uuidString.lowercased())"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    /// Every file and folder below, as paths from here, sorted.
    public var contents: [String] {
        (FileManager.default.enumerator(atPath: path)?.allObjects as? [String] ?? []).sorted()
    }

    /// Writes a file, and returns its path.
    public func write(_ data: Data, to name: String) throws -> String {
        let file = "\(path)/\(name)"
        try data.write(to: URL(fileURLWithPath: file))
        return file
    }

    /// Writes an executable shell script, and returns its path.
    ///
    /// Another program writes it: a child that a test beside this one has just forked would hold a file of this process
    /// open for writing, and such a file cannot be run.
    public func script(_ text: String, named name: String) throws -> String {
        let source = try write(Data("#!/bin/sh\n\(text)\n".utf8), to: "\(name).text")
        let file = "\(path)/\(name)"
        try Process.run(URL(fileURLWithPath: "/bin/cp"), arguments: [source, file]).waitUntilExit()
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: file)
        return file
    }
}
