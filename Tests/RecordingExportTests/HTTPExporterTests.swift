import Foundation
import HTTP
import LoopbackServer
import RecordingExport
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(10))) struct HTTPExporterTests {
    typealias Reply = LoopbackServer.Reply

    private let source: Workspace
    private let recording: SessionRecording
    /// What the exporter waited between its attempts.
    private let pauses = Journal<Duration>()

    init() throws {
        source = try Workspace()
        recording = try source.recording()
    }

    private func exporter(_ url: String, environment: [String: String] = [:]) throws -> HTTPExporter {
        guard case .http(let target) = try ExporterURL(url, relativeTo: source.path) else { throw CancellationError() }
        let client = HTTPClient(userAgent: "tapeline/1.2.3", stallTimeout: .seconds(20))
        var exporter = HTTPExporter(target, client: client, environment: environment)
        exporter.pause = { [pauses] in pauses.append($0) }
        return exporter
    }

    private func outcome(_ url: String, environment: [String: String] = [:]) async throws -> ExportOutcome {
        let chain = ExporterChain([try exporter(url, environment: environment)])
        let outcome = try #require(await chain.run(recording).first)
        // SPAN-1, SPAN-6
        #expect(outcome.spanError?.contains("/") != true)
        #expect(outcome.spanError?.contains("secret") != true)
        #expect(outcome.recordingURL?.contains("secret") != true)
        #expect(outcome.error?.contains("secret") != true)
        return outcome
    }

    // EXP-4, EXP-5, EXP-8, SPAN-6
    @Test func `A recording is PUT with all that tells what it is`() async throws {
        let server = try LoopbackServer(.init(201))
        let outcome = try await outcome("\(server.url)/up/?key=secret")
        #expect(outcome.outcome == .attached)
        #expect(outcome.error == nil)
        #expect(outcome.recordingID == Workspace.recordingID)
        #expect(outcome.recordingURL == "\(server.url)/up/\(Workspace.recordingID).wav")
        let received = try #require(server.received.first)
        #expect(received.method == "PUT")
        #expect(received.target == "/up/\(Workspace.recordingID).wav?key=secret")
        #expect(received.sha256 == Workspace.sha256)
        #expect(received.byteCount == 3_000_001)
        #expect(received.headers["content-length"] == "3000001")
        #expect(received.headers["content-type"] == "audio/wav")
        #expect(received.headers["user-agent"] == "tapeline/1.2.3")
        #expect(received.headers["idempotency-key"] == recording.idempotencyKey)
        #expect(received.headers["x-recording-sha256"] == Workspace.sha256)
        #expect(received.headers["content-digest"] == Self.digest)
    }

    /// The recording's SHA-256 in base64, by another program.
    private static let digest = "sha-256=:iPYHJIGuRksQvoK/2uR273nmxY51NQRNu12TSIqo/5g=:"

    // EXP-8
    @Test func `Placeholders are put in, and the method is chosen`() async throws {
        let server = try LoopbackServer(.init(200))
        _ = try await outcome(
            "\(server.url)/{yyyy}/{mm}/{dd}/{session_id}-{recording_id}.{ext}?s={session_id}#method=POST"
        )
        let received = try #require(server.received.first)
        #expect(received.method == "POST")
        #expect(received.target == "/2025/06/15/session-1-\(Workspace.recordingID).wav?s=session-1")
    }

    // EXP-8
    @Test func `Secrets come from a file of headers, or from the environment`() async throws {
        let server = try LoopbackServer(.init(201))
        let environment = ["TAPELINE_HTTP_AUTHORIZATION": "Bearer environment-secret"]
        _ = try await outcome("\(server.url)/", environment: environment)
        #expect(server.received.last?.headers["authorization"] == "Bearer environment-secret")
        let text =
            "# for the archive\n\nX-Key:  file-secret \nAuthorization: Basic c2VjcmV0\nContent-Type: audio/x-wav\n"
        try Data(text.utf8).write(to: URL(fileURLWithPath: "\(source.path)/headers"))
        _ = try await outcome("\(server.url)/#header-file=headers", environment: environment)
        let received = try #require(server.received.last)
        #expect(received.headers["authorization"] == "Basic c2VjcmV0")
        #expect(received.headers["x-key"] == "file-secret")
        #expect(received.headers["content-type"] == "audio/x-wav")
    }

    // EXP-9
    @Test(arguments: [
        ("no header", "line 1 is no header: write \"Name: value\""),
        ("A: b\nContent-Length: 3", "Content-Length on line 2 is set by the exporter: remove that line"),
        ("A: b\u{1}c", "line 1 holds a control character: remove it"),
    ])
    func `A file of headers that is none is a configuration error`(text: String, sentence: String) async throws {
        let server = try LoopbackServer(.init(201))
        try Data(text.utf8).write(to: URL(fileURLWithPath: "\(source.path)/headers"))
        let outcome = try await outcome("\(server.url)/#header-file=headers")
        #expect(outcome.error == "cannot use the header file \(source.path)/headers: \(sentence)")
        #expect(server.received.isEmpty)
    }

    // EXP-9
    @Test(arguments: [408, 425, 429, 500, 502, 503, 504])
    func `A PUT that the server could not take now is repeated`(status: Int) async throws {
        let server = try LoopbackServer(.init(status), .init(status), .init(201))
        let outcome = try await outcome("\(server.url)/")
        #expect(outcome.outcome == .attached)
        #expect(server.received.map(\.sha256) == [Workspace.sha256, Workspace.sha256, Workspace.sha256])
        #expect(Set(server.received.map { $0.headers["idempotency-key"] }).count == 1)
        #expect(pauses.values.count == 2)
        #expect(zip(pauses.values, [0.5, 1]).allSatisfy { $0 <= .seconds($1) })
    }

    // EXP-9
    @Test func `A PUT whose connection is cut is repeated`() async throws {
        let server = try LoopbackServer(.init(201, .close(afterByteCount: 1_000_000)), .init(201))
        #expect(try await outcome("\(server.url)/").outcome == .attached)
        #expect(server.received.last?.sha256 == Workspace.sha256)
        #expect(server.received.count == 2)
    }

    // EXP-9
    @Test func `Attempts come to an end`() async throws {
        let server = try LoopbackServer(.init(503))
        let outcome = try await outcome("\(server.url)/")
        #expect(outcome.outcome == .failed)
        #expect(outcome.spanError == "the server answered with status 503")
        #expect(server.received.count == 8)
    }

    // EXP-9
    @Test func `Retry-After is waited for exactly`() async throws {
        let date = ["Retry-After": "Sun, 06 Nov 1994 08:49:37 GMT", "Date": "Sun, 06 Nov 1994 08:49:30 GMT"]
        let server = try LoopbackServer(.init(503, ["Retry-After": "3"]), .init(429, date), .init(201))
        #expect(try await outcome("\(server.url)/").outcome == .attached)
        #expect(pauses.values == [.seconds(3), .seconds(7)])
    }

    // EXP-9
    @Test func `A Retry-After beyond the time left is told, and not waited for`() async throws {
        let server = try LoopbackServer(.init(503, ["Retry-After": "3600"]))
        let outcome = try await outcome("\(server.url)/up/")
        #expect(outcome.outcome == .failed)
        #expect(
            outcome.error
                == "cannot deliver to \(server.url)/up/\(Workspace.recordingID).wav: it answered 503 and asks to wait 3600 s, "
                + "which is longer than the time left: export it again later, or allow it more time with #timeout=SECONDS"
        )
        #expect(pauses.values.isEmpty)
        #expect(server.received.count == 1)
    }

    // EXP-9
    @Test func `A POST is repeated only where it did not arrive, or the server asks for it`() async throws {
        for reply in [Reply(500), Reply(503), Reply(201, .close(afterByteCount: 10))] {
            let server = try LoopbackServer(reply, .init(201))
            #expect(try await outcome("\(server.url)/#method=POST").outcome == .failed)
            #expect(server.received.count == 1)
        }
        for status in [429, 503] {
            let server = try LoopbackServer(.init(status, ["Retry-After": "1"]), .init(201))
            #expect(try await outcome("\(server.url)/#method=POST").outcome == .attached)
            #expect(server.received.count == 2)
        }
        let before = pauses.values.count
        #expect(try await outcome("http://nobody.invalid/#method=POST").outcome == .failed)
        #expect(pauses.values.count > before)
    }

    // EXP-9
    @Test(arguments: [
        (301, "use the URL that it redirects to"), (400, "check the URL and the headers"),
        (401, "give it valid credentials with #header-file=FILE"),
        (403, "check the credentials, and that they may write there"), (404, "check the URL's path"),
        (405, "use #method=POST, or a URL that takes uploads"),
        (409, "make the folder on the server, or use another path"),
        (501, "use #method=POST, or a URL that takes uploads"),
    ])
    func `A configuration error is told, and not retried`(status: Int, fix: String) async throws {
        let server = try LoopbackServer(.init(status, ["Location": "/"], body: "no\u{1b}[31m way"))
        let outcome = try await outcome("\(server.url)/up")
        #expect(outcome.outcome == .failed)
        #expect(outcome.error == "cannot deliver to \(server.url)/up: it answered \(status) (\"no [31m way\"): \(fix)")
        #expect(outcome.spanError == "the server answered with status \(status)")
        #expect(server.received.count == 1)
    }

    // EXP-5, EXP-7
    @Test func `A recording that is too large is told so, by the limit or by the server`() async throws {
        let server = try LoopbackServer(.init(413, .answerEarly))
        try FileManager.default.removeItem(atPath: "\(source.path)/talk.wav")
        let limited = try await outcome("\(server.url)/#max-bytes=3000000")
        #expect(limited.outcome == .tooLarge)
        #expect(limited.spanError == "the recording is larger than the exporter's limit")
        #expect(server.received.isEmpty)
        _ = try source.recording()
        let refused = try await outcome("\(server.url)/#max-bytes=3000001")
        #expect(refused.outcome == .tooLarge)
        #expect(refused.spanError == "the server answered with status 413")
    }

    // EXP-6
    @Test(arguments: [
        Reply(200, ["Content-Type": "text/html; charset=utf-8"], body: "Sign in"), Reply(200, body: "\n <html>Sign in"),
        Reply(200, ["Content-Type": "application/xml"], body: "x"), Reply(200, body: "\u{feff}<Error/>"),
    ])
    func `A page with 200 is no receipt`(reply: Reply) async throws {
        let server = try LoopbackServer(reply)
        let outcome = try await outcome("\(server.url)/")
        #expect(outcome.outcome == .failed)
        #expect(outcome.spanError == "the server answered with a page instead of a receipt")
        #expect(server.received.count == 1)
    }

    // EXP-6
    @Test func `202 is no receipt`() async throws {
        let server = try LoopbackServer(.init(202))
        #expect(try await outcome("\(server.url)/").outcome == .failed)
        #expect(server.received.count == 1)
    }

    // EXP-6
    @Test func `A digest in the answer must be the recording's`() async throws {
        let wrong = "sha-256=:\(Data(repeating: 1, count: 32).base64EncodedString()):"
        let hex = Workspace.sha256
        for headers in [
            ["Repr-Digest": wrong], ["Content-Digest": wrong], ["Digest": "SHA-256=\(wrong.dropFirst(9).dropLast())"],
            ["ETag": "\"\(String(hex.reversed()))\""],
        ] {
            let server = try LoopbackServer(.init(201, headers))
            let outcome = try await outcome("\(server.url)/")
            #expect(outcome.spanError == "the server's digest is not the recording's", "\(headers)")
        }
        // The last one is the SHA-256 of nothing: of the answer's own body. An MD5 proves nothing either way.
        for headers in [
            ["Repr-Digest": Self.digest], ["Content-Digest": Self.digest], ["ETag": "\"\(hex.uppercased())\""],
            ["ETag": "\"d41d8cd98f00b204e9800998ecf8427e\""],
            ["Digest": "SHA-256=\(Self.digest.dropFirst(9).dropLast())"],
            ["Content-Digest": "sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:"],
        ] {
            let server = try LoopbackServer(.init(201, headers))
            #expect(try await outcome("\(server.url)/").outcome == .attached, "\(headers)")
        }
    }

    // EXP-8, SPAN-6
    @Test(arguments: [
        ("/store/7?token=secret#x", "/store/7"), ("8", "/up/8"), ("http://user:secret@other/", "/up/9"),
        ("file:///srv/secret", "/up/9"),
    ])
    func `The Location of what was created is its URL, without secrets`(location: String, path: String) async throws {
        let server = try LoopbackServer(.init(201, ["Location": location]))
        #expect(try await outcome("\(server.url)/up/9").recordingURL == server.url + path)
    }

    // EXP-8
    @Test func `A redirect is followed with the whole body`() async throws {
        let server = try LoopbackServer(.init(307, ["Location": "/there"], .answerEarly), .init(201))
        #expect(try await outcome("\(server.url)/here").recordingURL == "\(server.url)/there")
        #expect(server.received.last?.sha256 == Workspace.sha256)
    }

    // EXP-6
    @Test func `A recording that is not what was finalized never arrives whole`() async throws {
        var content = Workspace.content
        content[2_500_000] ^= 1
        try content.write(to: URL(fileURLWithPath: "\(source.path)/talk.wav"))
        let server = try LoopbackServer(.init(201))
        let outcome = try await outcome("\(server.url)/")
        #expect(outcome.outcome == .unreadable)
        #expect(outcome.spanError == "the recording's file changed after it was finalized")
        #expect(server.received.allSatisfy { $0.byteCount < 3_000_001 })
    }

    // EXP-5
    @Test func `A recording that is gone is unreadable, and no server is asked`() async throws {
        try FileManager.default.removeItem(atPath: "\(source.path)/talk.wav")
        let server = try LoopbackServer(.init(201))
        #expect(try await outcome("\(server.url)/").outcome == .unreadable)
        #expect(server.received.isEmpty)
    }

    // EXP-2
    @Test func `Without audio nothing is sent, and that is no error`() async throws {
        let server = try LoopbackServer(.init(201))
        let outcomes = await ExporterChain([try exporter("\(server.url)/")]).run(silentRecording)
        #expect(outcomes.map(\.outcome) == [.none])
        #expect(server.received.isEmpty)
    }

    // EXP-2
    @Test func `A server that hangs costs no more than the time limit, and is named`() async throws {
        let server = try LoopbackServer(.init(201, .hang))
        let outcome = try await outcome("\(server.url)/#timeout=1")
        #expect(outcome.outcome == .timeout)
        #expect(outcome.spanError == "the server did not answer in time")
    }

    // EXP-2
    @Test func `A cancellation ends the upload at once`() async throws {
        let server = try LoopbackServer(.init(201, .stall(afterByteCount: 65536)))
        let exporter = try exporter("\(server.url)/#timeout=3600")
        let task = Task { [recording] in try await exporter.export(recording) }
        server.atFirstArrival { task.cancel() }
        // Had it gone on, it would have been given up with another error.
        await #expect(throws: CancellationError.self) { try await task.value }
    }

    // EXP-9
    @Test func `Waits double up to the cap, with full jitter`() {
        let policy = RetryPolicy(base: .seconds(1), cap: .seconds(8))
        #expect((1...6).map { policy.wait(afterAttempt: $0, chance: 1) } == [1, 2, 4, 8, 8, 8].map { .seconds($0) })
        #expect(policy.wait(afterAttempt: 3, chance: 0.25) == .seconds(1))
        #expect(policy.wait(afterAttempt: 3, chance: 0) == .zero)
        #expect(policy.wait(afterAttempt: 100_000, chance: 1) == .seconds(8))
    }
}
