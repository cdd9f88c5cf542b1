import Foundation
import TestSupport

/// A real S3 server that checks signatures: `rclone serve s3`, with one bucket in a folder of its own.
final class RcloneServer: Sendable {
    static let program = "\(BuiltProducts.packageRoot)/.venv/bin/rclone"
    static let isThere = FileManager.default.isExecutableFile(atPath: program)
    static let whereFrom = "rclone is not in .venv: run .ci/setup test"

    let port: UInt16
    private let folder: TemporaryFolder
    private let process: ChildProcess

    init() async throws {
        folder = try TemporaryFolder()
        try FileManager.default.createDirectory(atPath: "\(folder.path)/bucket", withIntermediateDirectories: false)
        process = try ChildProcess(
            Self.program,
            ["serve", "s3", "--config", "", "--addr", "127.0.0.1:0", "--auth-key", "KEY,SECRET", folder.path]
        )
        guard try await process.says("Starting s3 server"),
            let match = process.standardError.firstMatch(of: /http:\/\/127\.0\.0\.1:(\d+)\//),
            let port = UInt16(match.1)
        else {
            throw NotStarted(message: process.standardError)
        }
        self.port = port
    }

    deinit { process.send(9) }

    struct NotStarted: Error { var message: String }

    var url: String { "http://127.0.0.1:\(port)" }

    /// Every object in the bucket, as paths from there; not what the server keeps there of unfinished uploads.
    var objects: [String] {
        folder.contents.filter { name in
            let facts = try? FileManager.default.attributesOfItem(atPath: "\(folder.path)/\(name)")
            let isFile = facts?[.type] as? FileAttributeType == .typeRegular
            return isFile && name.hasPrefix("bucket/") && !name.contains("/.")
        }.map { String($0.dropFirst("bucket/".count)) }
    }

    func path(ofObject key: String) -> String { "\(folder.path)/bucket/\(key)" }

    /// The ids of all uploads that were begun and are not over, asked for by another program.
    func uploads() async throws -> [String] {
        try await text(of: "/bucket?uploads=").matches(of: /<UploadId>([^<]*)<\/UploadId>/).map { String($0.1) }
    }

    /// What curl, which signs by itself, gets there.
    func text(of target: String, _ options: String...) async throws -> String {
        let signing = ["--user", "KEY:SECRET", "--aws-sigv4", "aws:amz:us-east-1:s3"]
        let ending = try await ChildProcess.run("/usr/bin/curl", ["--silent"] + signing + options + [url + target])
        return String(decoding: ending.standardOutput, as: UTF8.self)
    }
}
