import Foundation
import TestSupport
import Testing

@testable import OTLP

/// receiver.py, running.
final class Receiver: Sendable {
    struct Received {
        let path: String
        let headers: [String: String]
        let message: NSDictionary
    }

    private static let python = BuiltProducts.packageRoot + "/.venv/bin/python"

    /// For a test's `.enabled(if:)`.
    static let isInstalled = FileManager.default.isExecutableFile(atPath: python)
    static let isMissing: Comment = "opentelemetry-proto is missing: install it with .ci/setup test"

    let port: Int
    private let process: ChildProcess

    /// - Parameter arguments: the server's certificate and key, and the authorities of its clients; none for plain HTTP.
    init(_ arguments: String...) async throws {
        let script = BuiltProducts.packageRoot + "/Tests/OTLPTests/Support/receiver.py"
        process = try ChildProcess(Self.python, [script] + arguments)
        try await process.says("\n")
        let line = process.standardError.prefix { $0 != "\n" }
        port = try #require(Int(line.dropFirst("port ".count)), "\(process.standardError)")
    }

    deinit { process.send(SIGKILL) }

    /// The requests that it has answered.
    func received() throws -> [Received] {
        try process.standardError.split(separator: "\n").filter { $0.hasPrefix("{") }.map { line in
            let all = try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? NSDictionary)
            return Received(
                path: try #require(all["path"] as? String),
                headers: try #require(all["headers"] as? [String: String]),
                message: try #require(all["message"] as? NSDictionary)
            )
        }
    }
}
