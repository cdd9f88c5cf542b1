import Foundation

/// This repository's files, as the checks read them.
enum Repository {
    static let root: String = {
        // Tests/ArchitectureTests/Support/Repository.swift
        var url = URL(fileURLWithPath: #filePath)
        for _ in 0..<4 { url.deleteLastPathComponent() }
        return url.path
    }()

    /// The names in a folder, sorted as `LC_ALL=C ls` does.
    static func names(in folder: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: "\(root)/\(folder)").sorted()
    }

    static func text(of path: String) throws -> String {
        try String(contentsOfFile: "\(root)/\(path)", encoding: .utf8)
    }

    /// The Swift files below a folder.
    static func swiftFiles(in folder: String) throws -> [SourceFile] {
        guard let paths = FileManager.default.enumerator(atPath: "\(root)/\(folder)") else {
            throw CocoaError(.fileReadNoSuchFile)
        }
        return try paths.compactMap { $0 as? String }.filter { $0.hasSuffix(".swift") }.sorted().map { path in
            SourceFile(path: "\(folder)/\(path)", text: try text(of: "\(folder)/\(path)"))
        }
    }

    struct GitRefused: Error { var message: String }

    /// What git tracks.
    static func trackedFiles() throws -> [String] {
        let git = Process()
        let output = Pipe()
        let errors = Pipe()
        git.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        // The checkout may be another user's than the one who tests it.
        git.arguments = ["git", "-c", "safe.directory=*", "-C", root, "ls-files", "-z"]
        git.standardOutput = output
        git.standardError = errors
        try git.run()
        let list = output.fileHandleForReading.readDataToEndOfFile()
        let message = errors.fileHandleForReading.readDataToEndOfFile()
        git.waitUntilExit()
        guard git.terminationStatus == 0 else { throw GitRefused(message: String(decoding: message, as: UTF8.self)) }
        return String(decoding: list, as: UTF8.self).split(separator: "\0").map(String.init)
    }
}

/// One Swift file.
struct SourceFile: Sendable, CustomStringConvertible {
    /// From the top of the repository.
    var path: String
    var text: String

    /// The target whose folder it lies in: `Sources/TARGET/...`.
    var target: String { String(path.split(separator: "/")[1]) }

    /// Its path below `Sources`, without `.swift`.
    var name: String { path.split(separator: "/").dropFirst().joined(separator: "/").replacing(".swift", with: "") }

    /// Its lines without comments.
    var code: [Substring] {
        text.split(separator: "\n").map { line in
            line.firstRange(of: "//").map { line[..<$0.lowerBound] } ?? line
        }
    }

    /// The modules that it imports.
    var imports: Set<String> {
        let line =
            /^\s*(?:@\w+(?:\(\w+\))?\s+)*(?:(?:public|package|internal|fileprivate|private)\s+)?import\s+(?:(?:struct|class|enum|protocol|func|var|let|typealias)\s+)?(\w+)/
        return Set(code.compactMap { $0.firstMatch(of: line).map { String($0.1) } })
    }

    /// Short, for the messages of failed checks.
    var description: String { path }

    func contains(_ pattern: Regex<Substring>) -> Bool { code.contains { $0.contains(pattern) } }
}
