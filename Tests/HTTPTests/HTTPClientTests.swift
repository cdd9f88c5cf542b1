import Foundation
import HTTP
import LoopbackServer
import RecorderIO
import Testing

@Suite(.timeLimit(.minutes(10))) struct HTTPClientTests {
    private let client = HTTPClient(userAgent: "tapeline/0", stallTimeout: .seconds(20))

    private func send(
        _ url: String,
        method: String = "PUT",
        headers: [HTTPRequest.Header] = [],
        body: HTTPRequest.Body = .bytes(Array("hello".utf8)),
        client: HTTPClient? = nil,
        within limit: Duration = .seconds(60)
    ) throws -> HTTPResponse {
        let request = HTTPRequest(method: method, url: try HTTPURL(url), headers: headers, body: body)
        return try (client ?? self.client).send(request, deadline: .now + limit)
    }

    // EXP-8
    @Test(arguments: ["PUT", "POST"]) func `A small body arrives with its headers`(method: String) throws {
        let server = try LoopbackServer(.init(201, ["X-Answer": "yes"], body: "stored"))
        let response = try send(
            "\(server.url)/a?b=c",
            method: method,
            headers: [.init("X-One", "1"), .init("X-None", "")]
        )
        #expect(response.status == 201)
        #expect(response["x-answer"] == "yes")
        #expect(response.body == Array("stored".utf8))
        #expect(response.isBodyComplete)
        let received = try #require(server.received.first)
        #expect(received.method == method)
        #expect(received.target == "/a?b=c")
        #expect(received.headers["user-agent"] == "tapeline/0")
        #expect(received.headers["content-length"] == "5")
        #expect(received.headers["x-one"] == "1")
        #expect(received.headers["x-none"] == "")
        #expect(received.sha256 == "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824")
    }

    // EXP-5
    @Test func `Of a large answer only the first bytes are kept`() throws {
        let server = try LoopbackServer(.init(200, body: String(repeating: "x", count: 200_000)))
        let response = try send(server.url)
        #expect(response.body.count == 65536)
        #expect(!response.isBodyComplete)
    }

    // EXP-5
    @Test func `A file of 512 MiB is streamed: memory stays flat, and every byte arrives`() throws {
        let path = "\(FileManager.default.temporaryDirectory.path)/tapeline-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: path) }
        try #require(FileManager.default.createFile(atPath: path, contents: nil))
        let file = try #require(FileHandle(forWritingAtPath: path))
        try file.truncate(atOffset: 512 << 20)
        try file.seek(toOffset: 377_777_777)
        try file.write(contentsOf: Data("tapeline".utf8))
        try file.close()
        let server = try LoopbackServer(.init(204))
        let before = try Self.peakByteCount()
        let response = try send(server.url, body: .file(path: path, byteCount: 512 << 20))
        #expect(response.status == 204)
        // Other tests run in this process at the same time: they may take some, but never half of the file.
        #expect(try Self.peakByteCount() - before < 256 << 20)
        let received = try #require(server.received.first)
        #expect(received.byteCount == 512 << 20)
        #expect(received.sha256 == (try SHA256.ofFile(atPath: path).hex))
    }

    private static func peakByteCount() throws -> Int {
        let status = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
        let match = try #require(status.firstMatch(of: /VmHWM:\s+(\d+) kB/))
        return try #require(Int(match.1)) * 1024
    }

    // EXP-5
    @Test func `A body in pieces, parts of files among them, arrives as one`() throws {
        let path = "\(FileManager.default.temporaryDirectory.path)/tapeline-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: path) }
        let content = Data((0..<1_000_000).map { UInt8(truncatingIfNeeded: $0 &* 7 >> 3) })
        try content.write(to: URL(fileURLWithPath: path))
        func part(_ range: Range<Int64>, of byteCount: Int64 = 1_000_000) -> HTTPRequest.Body.Piece {
            .file(path: path, range: range, fileByteCount: byteCount)
        }
        let server = try LoopbackServer(.init(307, ["Location": "/again"]), .init(201))
        let pieces = [
            .bytes(Array("head".utf8)), part(700_001..<1_000_000), part(5..<5), .bytes([]), part(0..<1),
            part(300_000..<600_000), .bytes(Array("tail".utf8)),
        ]
        #expect(try send(server.url, body: HTTPRequest.Body(pieces: pieces)).status == 201)
        let all =
            Data("head".utf8) + content[700_001...] + content[..<1] + content[300_000..<600_000] + Data("tail".utf8)
        let sha256 = try SHA256.of(Array(all))
        // Sent again after the redirect, from its start.
        #expect(server.received.map(\.sha256) == [sha256, sha256])
        #expect(server.received.map { $0.headers["content-length"] } == ["600008", "600008"])
        for piece in [part(0..<1, of: 999_999), part(999_999..<1_000_001)] {
            let error = #expect(throws: HTTPError.self) {
                try send(server.url, body: HTTPRequest.Body(pieces: [piece]))
            }
            #expect(error?.kind == .body)
        }
        #expect(server.received.count == 2)
    }

    // EXP-5
    @Test func `A file that is gone or has another size is not sent`() throws {
        let server = try LoopbackServer(.init())
        let missing = #expect(throws: HTTPError.self) {
            try send(server.url, body: .file(path: "/no/file", byteCount: 1))
        }
        #expect(missing?.kind == .body)
        let changed = #expect(throws: HTTPError.self) {
            try send(server.url, body: .file(path: "/etc/passwd", byteCount: 1))
        }
        #expect(changed?.kind == .body)
        #expect(server.received.isEmpty)
    }

    // EXP-8
    @Test(arguments: [307, 308]) func `A redirect of the request sends the body again`(status: Int) throws {
        let server = try LoopbackServer(.init(status, ["Location": "../b?x=1"]), .init(201))
        let response = try send("\(server.url)/a/c/d", headers: [.init("Authorization", "t", isSecret: true)])
        #expect(response.status == 201)
        #expect(response.url.description == "\(server.url)/a/b?x=1")
        #expect(server.received.map(\.target) == ["/a/c/d", "/a/b?x=1"])
        #expect(server.received.map(\.byteCount) == [5, 5])
        #expect(server.received.map { $0.headers["authorization"] } == ["t", "t"])
    }

    // EXP-8
    @Test func `A secret is not taken along to another origin`() throws {
        let other = try LoopbackServer(.init(201))
        let server = try LoopbackServer(.init(307, ["Location": "\(other.url)/x"]))
        _ = try send(server.url, headers: [.init("Authorization", "t", isSecret: true), .init("X-Open", "o")])
        #expect(server.received.first?.headers["authorization"] == "t")
        #expect(other.received.count == 1)
        #expect(other.received.first?.headers["authorization"] == nil)
        #expect(other.received.first?.headers["x-open"] == "o")
    }

    // EXP-9
    @Test func `Redirects that go round, or lead nowhere, end`() throws {
        let round = try LoopbackServer(.init(307, ["Location": "/again"]))
        #expect(#expect(throws: HTTPError.self) { try send(round.url) }?.kind == .redirect)
        #expect(round.received.count == 6)
        var client = client
        client.redirectLimit = 0
        #expect(try send(round.url, client: client).status == 307)
        let nowhere = try LoopbackServer(.init(308))
        #expect(#expect(throws: HTTPError.self) { try send(nowhere.url) }?.kind == .redirect)
        let local = try LoopbackServer(.init(308, ["Location": "file:///etc/passwd"]))
        #expect(#expect(throws: HTTPError.self) { try send(local.url) }?.kind == .redirect)
    }

    // EXP-9
    @Test(arguments: [301, 302, 303]) func `A redirect that would drop the body is not followed`(status: Int) throws {
        let server = try LoopbackServer(.init(status, ["Location": "/other"]))
        #expect(try send(server.url).status == status)
        #expect(server.received.count == 1)
    }

    // EXP-9
    @Test func `Where nobody listens, the request cannot have arrived`() throws {
        let server = try LoopbackServer(.init())
        server.close()
        var error: HTTPError?
        // Until the system has closed the socket, one connection may still be taken and dropped.
        repeat { error = #expect(throws: HTTPError.self) { try send(server.url) } } while error?.kind == .connectionLost
        #expect(error?.kind == .connect)
        #expect(error?.mayHaveArrived == false)
        #expect(error?.isPassing == true)
        let unknown = #expect(throws: HTTPError.self) { try send("http://nobody.invalid/") }
        #expect(unknown?.kind == .resolve)
        #expect(unknown?.mayHaveArrived == false)
    }

    // EXP-9
    @Test func `A server that does not speak TLS saw no request`() throws {
        let server = try LoopbackServer(.init())
        let error = #expect(throws: HTTPError.self) {
            try send("https://127.0.0.1:\(server.port)/", client: client, within: .seconds(1))
        }
        #expect(error?.mayHaveArrived == false)
        #expect(server.received.isEmpty)
    }

    // EXP-9
    @Test(arguments: [LoopbackServer.Reply.Behaviour.close(afterByteCount: 3), .close(afterByteCount: 0)])
    func `A connection that is cut may have brought the request`(behaviour: LoopbackServer.Reply.Behaviour) throws {
        let server = try LoopbackServer(.init(201, behaviour))
        let error = #expect(throws: HTTPError.self) { try send(server.url) }
        #expect(error?.kind == .connectionLost)
        #expect(error?.mayHaveArrived == true)
    }

    // EXP-6
    @Test(arguments: [FaultProxy.Fault.closeBeforeAnswer, .closeInAnswerHead, .closeInAnswerBody])
    func `An answer that breaks off is none`(fault: FaultProxy.Fault) throws {
        for reply in [
            LoopbackServer.Reply(200, ["X-Long": String(repeating: "x", count: 200)]), .init(200, body: "all"),
        ] {
            let server = try LoopbackServer(reply)
            let proxy = try FaultProxy(to: server.port) { _, _ in fault }
            let error = #expect(throws: HTTPError.self) { try send(proxy.url) }
            #expect(error?.kind == .connectionLost)
            #expect(error?.mayHaveArrived == true)
        }
    }

    // EXP-9
    @Test(arguments: [LoopbackServer.Reply.Behaviour.stall(afterByteCount: 65536), .hang, .stallInAnswer])
    func `Where nothing moves any more, the stall limit ends it`(behaviour: LoopbackServer.Reply.Behaviour) throws {
        let server = try LoopbackServer(.init(201, behaviour))
        var client = client
        client.stallTimeout = .milliseconds(400)
        let body = HTTPRequest.Body.bytes([UInt8](repeating: 7, count: 32 << 20))
        let error = #expect(throws: HTTPError.self) { try send(server.url, body: body, client: client) }
        #expect(error?.kind == .stall)
        #expect(error?.description == "nothing moved for 0.4 s")
        #expect(error?.mayHaveArrived == true)
    }

    // EXP-2
    @Test func `The deadline ends it`() throws {
        let server = try LoopbackServer(.init(201, .hang))
        let error = #expect(throws: HTTPError.self) { try send(server.url, within: .milliseconds(300)) }
        #expect(error?.kind == .timeout)
    }

    // EXP-9
    @Test func `An answer that comes before the body was taken counts`() throws {
        let server = try LoopbackServer(.init(413, body: "too much", .answerEarly))
        let response = try send(server.url, body: .bytes([UInt8](repeating: 7, count: 8 << 20)))
        #expect(response.status == 413)
        #expect(response.body == Array("too much".utf8))
    }

    // EXP-8
    @Test func `A header cannot bring another one with it`() throws {
        let server = try LoopbackServer(.init())
        let error = #expect(throws: HTTPError.self) { try send(server.url, headers: [.init("X", "1\r\nY: 2")]) }
        #expect(error?.kind == .request)
        #expect(server.received.isEmpty)
    }

    private final class Refusing: HTTPBodyInspector {
        func inspect(_ piece: RawSpan, isLast: Bool) -> Bool { !isLast }
    }

    // EXP-6
    @Test func `A last piece that is held back leaves the server without a whole body`() throws {
        let server = try LoopbackServer(.init())
        let body = HTTPRequest.Body.bytes([UInt8](repeating: 7, count: 2 << 20))
        let request = HTTPRequest(method: "PUT", url: try HTTPURL(server.url), body: body)
        let error = #expect(throws: HTTPError.self) {
            try client.send(request, deadline: .now + .seconds(60)) { Refusing() }
        }
        #expect(error?.kind == .inspection)
        #expect(server.received.allSatisfy { $0.byteCount < 2 << 20 })
    }
}
