import Foundation
import HTTP
import TestSupport
import Testing

private let hasPrograms = ["/usr/bin/openssl", "/usr/bin/python3"].allSatisfy(FileManager.default.fileExists)

/// Against a real server whose authority only these tests know.
@Suite(.timeLimit(.minutes(10)), .enabled(if: hasPrograms, "no openssl or python3: run .ci/setup test"))
struct TLSFilesTests {
    private let folder: TemporaryFolder

    init() async throws {
        folder = try TemporaryFolder()
        let key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"]
        for arguments in [
            ["-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=an authority of a test's own"],
            ["-keyout", "other.key", "-out", "other.pem", "-subj", "/CN=another authority"],
            // A server's, for its address alone, and a client's.
            [
                "-keyout", "server.key", "-out", "server.pem", "-subj", "/CN=server", "-CA", "ca.pem", "-CAkey",
                "ca.key", "-addext", "subjectAltName=IP:127.0.0.1",
            ],
            [
                "-keyout", "client.key", "-out", "client.pem", "-subj", "/CN=box-7", "-CA", "ca.pem", "-CAkey",
                "ca.key",
            ],
        ] {
            let ending = try await ChildProcess.run(
                "/usr/bin/openssl",
                ["req", "-x509"] + key + arguments,
                in: folder.path
            )
            try #require(ending.exitCode == 0, "\(ending.standardError)")
        }
    }

    private func server(_ arguments: String...) async throws -> (process: ChildProcess, port: String) {
        let script = "\(BuiltProducts.packageRoot)/Tests/HTTPTests/Support/tls-server.py"
        let files = ["server.pem", "server.key"] + arguments
        let process = try ChildProcess("/usr/bin/python3", [script] + files, in: folder.path)
        try #require(try await process.says("."), "\(process.standardError)")
        return (process, String(try #require(process.standardError.firstMatch(of: /listening on (\d+)\./)).1))
    }

    private func put(_ url: String, _ tls: TLSFiles) throws -> HTTPResponse {
        let client = HTTPClient(userAgent: "tapeline/0", stallTimeout: .seconds(20), tls: tls)
        let request = HTTPRequest(method: "PUT", url: try HTTPURL(url), body: .bytes(Array("hello".utf8)))
        return try client.send(request, deadline: .now + .seconds(60))
    }

    // EXP-8
    @Test func `A server is trusted by its authority's file, and by nothing else`() async throws {
        let (server, port) = try await server()
        defer { server.send(SIGKILL) }
        let trusting = TLSFiles(authoritiesPath: "\(folder.path)/ca.pem")
        let response = try put("https://127.0.0.1:\(port)/", trusting)
        #expect(response.status == 201)
        #expect(response.body == Array("hello".utf8))
        #expect(response["X-Client"] == "nobody")
        for (host, tls) in [
            // The system knows nothing of it; nor does another authority; and the name must be right.
            ("127.0.0.1", TLSFiles()), ("127.0.0.1", TLSFiles(authoritiesPath: "\(folder.path)/other.pem")),
            ("localhost", trusting), ("127.0.0.1", TLSFiles(authoritiesPath: "\(folder.path)/missing.pem")),
        ] {
            let error = #expect(throws: HTTPError.self) { try put("https://\(host):\(port)/", tls) }
            #expect(error?.kind == .trust, "\(host) \(tls)")
            #expect(error?.mayHaveArrived == false)
            #expect(error?.isPassing == false)
        }
    }

    // EXP-8
    @Test func `A client proves who it is with its certificate`() async throws {
        let (server, port) = try await server("ca.pem")
        defer { server.send(SIGKILL) }
        var tls = TLSFiles(authoritiesPath: "\(folder.path)/ca.pem")
        #expect(throws: HTTPError.self) { try put("https://127.0.0.1:\(port)/", tls) }
        tls.certificatePath = "\(folder.path)/client.pem"
        tls.keyPath = "\(folder.path)/client.key"
        #expect(try put("https://127.0.0.1:\(port)/", tls)["X-Client"] == "box-7")
    }
}
