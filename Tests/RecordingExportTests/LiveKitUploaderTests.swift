import Foundation
import HTTP
import Logging
import LoopbackServer
import RecorderIO
import RecordingExport
import TestSupport
import Testing

/// Which answer leads to what: the table that LiveKit Agents follows, row by row.
@Suite(.timeLimit(.minutes(10))) struct LiveKitUploaderTests {
    typealias Reply = LoopbackServer.Reply

    private static let now: Int64 = 1_750_000_100
    private let source: Workspace
    /// What the uploader waited between its attempts.
    private let pauses = Journal<Duration>()
    private let logged = Journal<String>()

    init() throws { source = try Workspace() }

    private func uploader(_ url: String, timeLimit: Duration = .seconds(60)) throws -> LiveKitUploader {
        let project = try LiveKitProject(url: url, apiKey: "key", apiSecret: "api-secret")
        var uploader = LiveKitUploader(
            project,
            roomID: "RM_1",
            timeLimit: timeLimit,
            client: HTTPClient(userAgent: "tapeline/1.2.3", stallTimeout: .seconds(20)),
            logger: Logger(label: "test") { [logged] _ in LoggedLines(in: logged) }
        )
        uploader.pause = { [pauses] in pauses.append($0) }
        uploader.wallClock = { Self.now }
        return uploader
    }

    /// How an upload failed; nil where it did not.
    private func failure(of uploader: LiveKitUploader, _ upload: SessionUpload) async throws -> RecordingExportError? {
        guard let end = await uploader.end(of: upload) else { return nil }
        let error = try #require(end as? RecordingExportError)
        // SPAN-1, SPAN-6
        #expect(!error.spanDescription.contains("/"))
        #expect(!error.description.contains("api-secret"))
        return error
    }

    private func failure(_ replies: Reply...) async throws -> (RecordingExportError?, LoopbackServer) {
        let server = try LoopbackServer { number, _ in replies[min(number, replies.count - 1)] }
        return (try await failure(of: uploader(server.url), source.upload(transcript: "{}")), server)
    }

    /// A google.rpc.Status with an ErrorInfo, as LiveKit's servers encode it.
    private static let status =
        "\u{8}\u{e}\u{12}\u{4}busy\u{1a}2\n(type.googleapis.com/google.rpc.ErrorInfo\u{12}\u{6}\n\u{4}LOAD"
    /// The same, with a RetryInfo of 2 s and 100 ns.
    private static let retryStatus =
        status + "\u{1a}2\n(type.googleapis.com/google.rpc.RetryInfo\u{12}\u{6}\n\u{4}\u{8}\u{2}\u{10}d"
    /// A RetryInfo of 100 s.
    private static let longRetryStatus =
        status + "\u{1a}0\n(type.googleapis.com/google.rpc.RetryInfo\u{12}\u{4}\n\u{2}\u{8}d"

    private static func retryJSON(_ delay: String) -> String {
        #"{"code":14,"details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"LOAD"},"#
            + #"{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"\#(delay)"}]}"#
    }

    // EXP-6, EXP-8
    @Test(arguments: [200, 201, 204]) func `200, 201 and 204 are success, and end it`(status: Int) async throws {
        let (error, server) = try await failure(Reply(status, body: "{}"))
        #expect(error == nil)
        let received = try #require(server.received.first)
        #expect(server.received.count == 1)
        #expect(received.method == "POST")
        #expect(received.target == "/observability/recordings/v0")
        #expect(received.headers["user-agent"] == "tapeline/1.2.3")
        #expect(received.headers["content-length"] == "\(received.byteCount)")
        #expect(pauses.values.isEmpty)
    }

    // EXP-9
    @Test(arguments: [
        // Not even with Retry-After: the request arrived, and there is no RetryInfo.
        Reply(503, ["Retry-After": "1"]), Reply(429), Reply(500, body: status),
        Reply(503, ["Content-Type": "application/json"], body: #"{"code":14,"message":"busy"}"#),
        // JSON that does not say that it is.
        Reply(503, body: retryJSON("1s")), Reply(503, ["Content-Type": "application/protobuf"], body: retryJSON("1s")),
        // Protobuf that says that it is JSON, and delays that are none.
        Reply(503, ["Content-Type": "application/json"], body: retryStatus),
        Reply(503, ["Content-Type": "application/json"], body: retryJSON("soon")), Reply(400, body: "no"), Reply(404),
        Reply(301, ["Location": "/"], body: retryStatus), Reply(202),
        Reply(200, ["Content-Type": "text/html"], body: "Sign in"), Reply(200, body: "<html>"),
    ])
    func `Any other answer without RetryInfo is a failure, and is not followed by another attempt`(
        reply: Reply
    ) async throws {
        let (error, server) = try await failure(reply, Reply(200))
        #expect(error != nil)
        #expect(server.received.count == 1)
        #expect(pauses.values.isEmpty)
        #expect(logged.values.isEmpty)
    }

    // EXP-9
    @Test(arguments: [400, 401, 408, 429, 500, 503])
    func `After RetryInfo it is sent again, after exactly that delay`(status: Int) async throws {
        let json = ["Content-Type": "application/json; charset=utf-8"]
        let (error, server) = try await failure(
            Reply(status, ["Content-Type": "application/protobuf"], body: Self.retryStatus),
            Reply(status, json, body: Self.retryJSON("1.25s")),
            Reply(status, json, body: Self.retryJSON("-3s")),
            Reply(200)
        )
        #expect(error == nil)
        #expect(pauses.values == [.seconds(2) + .nanoseconds(100), .milliseconds(1250), .zero])
        #expect(server.received.count == 4)
        #expect(Set(server.received.map(\.byteCount)).count == 1)
    }

    // EXP-9
    @Test func `After four attempts it is over`() async throws {
        let (error, server) = try await failure(Reply(503, body: Self.retryStatus))
        #expect(error?.kind == .failed)
        #expect(error?.spanDescription == "the server answered with status 503")
        #expect(server.received.count == 4)
        #expect(pauses.values.count == 3)
    }

    // EXP-9
    @Test func `A delay beyond the time left is told, and not waited for`() async throws {
        let (error, server) = try await failure(Reply(503, body: Self.longRetryStatus), Reply(200))
        #expect(
            error?.description
                == "cannot upload to \(server.url)/observability/recordings/v0: it answered 503 and asks to wait 100 s, "
                + "which is longer than the time left: allow it more time with ?timeout=SECONDS"
        )
        #expect(server.received.count == 1)
        #expect(pauses.values.isEmpty)
    }

    // EXP-9
    @Test func `An unknown host and a refused connection are tried again, with back-off`() async throws {
        let upload = try source.upload()
        let unknown = try await failure(of: uploader("http://nobody.invalid"), upload)
        #expect(unknown?.spanDescription == "the host's name is unknown")
        let refused = try await failure(of: uploader("http://127.0.0.1:1"), upload)
        #expect(refused?.spanDescription == "no connection could be made")
        #expect(pauses.values.count == 6)
        #expect(zip(pauses.values, [1, 2, 4, 1, 2, 4]).allSatisfy { $0 <= .seconds($1) })
    }

    // EXP-9
    @Test func `A connection that takes too long is tried again`() async throws {
        // It takes connections, and never answers the handshake.
        let server = try LoopbackServer(Reply(200))
        var uploader = try uploader("https://127.0.0.1:\(server.port)")
        uploader.client.connectTimeout = .milliseconds(100)
        #expect(try await failure(of: uploader, source.upload())?.spanDescription == "no connection could be made")
        #expect(pauses.values.count == 3)
    }

    // EXP-9
    @Test(arguments: [0, 0.5, 1])
    func `A request whose connection is cut may have arrived, and is not sent again`(part: Double) async throws {
        let server = try LoopbackServer { _, received in
            let byteCount = Double(received.headers["content-length"] ?? "") ?? 0
            return Reply(200, .close(afterByteCount: Int64(byteCount * part)))
        }
        let error = try await failure(of: uploader(server.url), source.upload())
        #expect(error?.spanDescription == "the connection was lost")
        #expect(server.received.count == 1)
        #expect(pauses.values.isEmpty)
    }

    // EXP-9
    @Test func `A request that is not answered may have arrived, and is not sent again`() async throws {
        let server = try LoopbackServer(Reply(200, .hang))
        var uploader = try uploader(server.url)
        uploader.client.stallTimeout = .milliseconds(500)
        #expect(try await failure(of: uploader, source.upload())?.spanDescription == "the transfer stalled")
        #expect(pauses.values.isEmpty)
    }

    // EXP-2, EXP-9
    @Test(arguments: ["Data recording is DISABLED", #"{"code":"unauthenticated","msg":"disabled by owner"}"#])
    func `Where recording is disabled, the session uploads nothing more, and warns once`(text: String) async throws {
        let server = try LoopbackServer { number, _ in number == 0 ? Reply(401, body: text) : Reply(200) }
        let uploader = try uploader(server.url)
        var upload = try source.upload()
        for _ in 0..<2 {
            let error = try await failure(of: uploader, upload)
            #expect(error?.kind == .configuration)
            #expect(error?.spanDescription == "data recording is disabled for the LiveKit project")
        }
        #expect(server.received.count == 1)
        #expect(
            logged.values == [
                "warning: data recording is disabled for this LiveKit project; nothing more of this session is uploaded"
            ]
        )
        upload.recording.sessionID = "session-2"
        #expect(try await failure(of: uploader, upload) == nil)
        #expect(server.received.count == 2)
    }

    // EXP-2, EXP-9
    @Test func `Another 401, or that text with another status, disables nothing`() async throws {
        let server = try LoopbackServer(
            Reply(401, body: "operation requires observability write grant"),
            Reply(403, body: "data recording is disabled"),
            Reply(200)
        )
        let uploader = try uploader(server.url)
        let error = try await failure(of: uploader, source.upload())
        #expect(
            error?.description
                == "cannot upload to \(server.url)/observability/recordings/v0: it answered 401 "
                + "(\"operation requires observability write grant\"): check LIVEKIT_API_KEY and LIVEKIT_API_SECRET"
        )
        #expect(try await failure(of: uploader, source.upload()) != nil)
        #expect(try await failure(of: uploader, source.upload()) == nil)
        #expect(logged.values.isEmpty)
    }

    // EXP-9
    @Test(arguments: [
        ("Sun, 15 Jun 2025 13:38:20 GMT", "5400 s ahead of the server's"),
        ("Mon, 16 Jun 2025 15:08:20 GMT", "86400 s behind the server's"),
    ])
    func `A clock that is off explains a 401`(date: String, words: String) async throws {
        let (error, _) = try await failure(Reply(401, ["Date": date], body: "token is not valid yet"))
        #expect(error?.kind == .configuration)
        #expect(error?.description.contains("it answered 401, and this machine's clock is \(words)") == true)
        #expect(error?.description.hasSuffix("set the clock, such as with timedatectl set-ntp true") == true)
    }

    // EXP-9
    @Test func `A clock that is off by less than the token's time explains nothing`() async throws {
        let (error, _) = try await failure(Reply(401, ["Date": "Sun, 15 Jun 2025 20:08:20 GMT"]))
        #expect(error?.description.hasSuffix("check LIVEKIT_API_KEY and LIVEKIT_API_SECRET") == true)
    }

    // EXP-6
    @Test func `Audio that is not what was finalized never arrives whole, and the rest does`() async throws {
        var content = Workspace.content
        content[2_500_000] ^= 1
        let upload = try source.upload(transcript: "{}")
        try content.write(to: URL(fileURLWithPath: "\(source.path)/talk.wav"))
        let server = try LoopbackServer { number, _ in
            // The whole form has more than that: what comes before the end is all that there may be.
            Reply(200, number == 0 ? .close(afterByteCount: .max) : .answer)
        }
        let error = try await failure(of: uploader(server.url), upload)
        #expect(error?.kind == .unreadable)
        #expect(
            error?.description
                == "uploaded the header and the transcript to \(server.url)/observability/recordings/v0, but not the audio: "
                + "the recording \(source.path)/talk.wav is no longer the file of 3000001 bytes that was finalized: "
                + "restore it, and export it again"
        )
        #expect(
            error?.spanDescription
                == "the audio was not uploaded: the recording's file changed after it was finalized"
        )
        #expect(server.received.map { $0.byteCount < 3_000_001 } == [true, true])
        #expect(pauses.values.isEmpty)
    }

    // EXP-6
    @Test func `Audio that is gone, has another size or is no file is unreadable, and the rest is sent`() async throws {
        var upload = try source.upload()
        let server = try LoopbackServer(Reply(200))
        for (path, span) in [
            ("\(source.path)/gone", "the recording's file could not be read"),
            ("/etc/passwd", "the recording's file changed after it was finalized"),
            (source.path, "the recording's file changed after it was finalized"),
        ] {
            upload.recording.file?.path = path
            let error = try await failure(of: uploader(server.url), upload)
            #expect(error?.kind == .unreadable)
            #expect(error?.description.hasPrefix("uploaded the header to \(server.url)/") == true)
            #expect(error?.spanDescription == "the audio was not uploaded: \(span)")
        }
        #expect(server.received.count == 3)
        #expect(server.received.allSatisfy { $0.byteCount < 1000 })
    }

    // EXP-6, EXP-9
    @Test func `Audio in another container is a configuration error, and the rest is sent`() async throws {
        var upload = try source.upload(transcript: "{}")
        upload.recording.file?.container = .flac
        let server = try LoopbackServer(Reply(200))
        let error = try await failure(of: uploader(server.url), upload)
        #expect(error?.kind == .configuration)
        #expect(
            error?.description
                == "uploaded the header and the transcript to \(server.url)/observability/recordings/v0, but not the audio: "
                + "LiveKit takes Ogg, and the recording is flac: record with --container ogg-opus"
        )
        #expect(server.received.count == 1)
        #expect(server.received.allSatisfy { $0.byteCount < 1000 })
    }

    // EXP-9
    @Test func `Where the rest is not taken either, that is what is told`() async throws {
        var upload = try source.upload(transcript: "{}")
        upload.recording.file?.path = "\(source.path)/gone"
        let server = try LoopbackServer(Reply(500))
        let error = try await failure(of: uploader(server.url), upload)
        #expect(error?.spanDescription == "the server answered with status 500")
    }

    // EXP-2
    @Test func `Without audio and transcript nothing is sent, and that is no error`() async throws {
        var upload = try source.upload(transcript: "")
        upload.recording.file = nil
        let server = try LoopbackServer(Reply(200))
        #expect(try await failure(of: uploader(server.url), upload) == nil)
        #expect(server.received.isEmpty)
    }

    // EXP-9
    @Test func `Audio to be redacted is not sent without a transcript`() async throws {
        let server = try LoopbackServer(Reply(200))
        var uploader = try uploader(server.url)
        uploader.isRedactionEnabled = true
        #expect(
            try await failure(of: uploader, source.upload())?.spanDescription
                == "audio to be redacted has no transcript"
        )
        #expect(server.received.isEmpty)
    }

    // EXP-2
    @Test func `A server that hangs costs no more than the time limit, and is named`() async throws {
        let server = try LoopbackServer(Reply(200, .hang))
        let error = try await failure(of: uploader(server.url, timeLimit: .seconds(1)), source.upload())
        #expect(error?.kind == .timeout)
        #expect(error?.description.hasSuffix("allow it more time with ?timeout=SECONDS") == true)
    }

    // EXP-2
    @Test func `A cancellation ends the upload at once`() async throws {
        let server = try LoopbackServer(Reply(200, .stall(afterByteCount: 65536)))
        let uploader = try uploader(server.url)
        let upload = try source.upload()
        let task = Task { await uploader.end(of: upload) }
        server.atFirstArrival { task.cancel() }
        #expect(await task.value is CancellationError)
    }

    // EXP-5
    @Test func `Audio of 512 MiB is streamed: memory stays flat`() async throws {
        let path = "\(source.path)/talk.wav"
        var upload = try source.upload()
        let file = try #require(FileHandle(forWritingAtPath: path))
        try file.truncate(atOffset: 512 << 20)
        try file.close()
        upload.recording.file?.byteCount = 512 << 20
        upload.recording.file?.sha256 = try SHA256.ofFile(atPath: path).hex
        let server = try LoopbackServer(Reply(200))
        let before = try Self.peakByteCount()
        #expect(try await failure(of: uploader(server.url), upload) == nil)
        // Other tests run in this process at the same time: they may take some, but never half of the file.
        #expect(try Self.peakByteCount() - before < 256 << 20)
        #expect(try #require(server.received.first).byteCount > 512 << 20)
    }

    private static func peakByteCount() throws -> Int {
        let status = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
        let match = try #require(status.firstMatch(of: /VmHWM:\s+(\d+) kB/))
        return try #require(Int(match.1)) * 1024
    }
}
