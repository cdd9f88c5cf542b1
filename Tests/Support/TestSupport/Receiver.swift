public import Foundation

/// receiver.py, running.
public final class Receiver: Sendable {
    public struct Received {
        public let path: String
        public let headers: [String: String]
        public let message: NSDictionary
    }

    /// It did not begin, or what it printed is not what it should be.
    public struct Garbled: Error {
        public let line: String
    }

    private static let python = BuiltProducts.packageRoot + "/.venv/bin/python"

    /// For a test's `.enabled(if:)`.
    public static let isInstalled = FileManager.default.isExecutableFile(atPath: python)

    public let port: Int
    private let process: ChildProcess

    /// - Parameter arguments: the server's certificate and key, and the authorities of its clients; none for plain HTTP.
    public init(_ arguments: String...) async throws {
        let script = BuiltProducts.packageRoot + "/Tests/Support/TestSupport/receiver.py"
        process = try ChildProcess(Self.python, [script] + arguments)
        try await process.says("\n")
        let line = process.standardError.prefix { $0 != "\n" }
        guard let port = Int(line.dropFirst("port ".count)) else { throw Garbled(line: process.standardError) }
        self.port = port
    }

    deinit { process.send(SIGKILL) }

    /// For `OTEL_EXPORTER_OTLP_ENDPOINT`.
    public var url: String { "http://127.0.0.1:\(port)" }

    /// The requests that it has answered.
    public func received() throws -> [Received] {
        try process.standardError.split(separator: "\n").filter { $0.hasPrefix("{") }.map { line in
            guard let all = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? NSDictionary,
                let path = all["path"] as? String, let headers = all["headers"] as? [String: String],
                let message = all["message"] as? NSDictionary
            else { throw Garbled(line: String(line)) }
            return Received(path: path, headers: headers, message: message)
        }
    }
}
