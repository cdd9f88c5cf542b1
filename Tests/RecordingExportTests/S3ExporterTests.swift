import Foundation
import HTTP
import LoopbackServer
import RecorderIO
import RecordingExport
import TestSupport
import Testing

/// What an S3 server may say, by a server that says it.
@Suite(.timeLimit(.minutes(10))) struct S3ExporterTests {
    typealias Reply = LoopbackServer.Reply

    private let source: Workspace
    private let recording: SessionRecording
    /// What the exporter waited between its attempts.
    private let pauses = Journal<Duration>()
    private static let key = "in/\(Workspace.recordingID).wav"
    private static let byteCount = 3_000_001

    init() throws {
        source = try Workspace()
        recording = try source.recording()
    }

    /// Answers each call with its replies in turn; the last one counts for all that come after. A HEAD finds nothing unless
    /// told, and all else succeeds.
    private func server(_ replies: [S3Call: [Reply]]) throws -> LoopbackServer {
        let calls = Journal<S3Call>()
        return try LoopbackServer { _, request in
            let call = S3Call(request)
            let number = calls.values.count { $0 == call }
            calls.append(call)
            guard let all = replies[call] else { return call == .head ? Reply(404) : Reply(200, ["ETag": "\"1\""]) }
            return all[min(number, all.count - 1)]
        }
    }

    private func outcome(
        _ server: LoopbackServer,
        _ options: String = "",
        of recording: SessionRecording? = nil,
        now: Double = 1_750_000_000
    ) async throws -> ExportOutcome {
        let url = "s3://bucket/in/{recording_id}.{ext}?endpoint=\(server.url)\(options)"
        guard case .s3(let target) = try ExporterURL(url, relativeTo: "/") else { throw CancellationError() }
        var exporter = S3Exporter(
            target,
            statePath: "\(source.path)/state",
            client: HTTPClient(userAgent: "tapeline/1.2.3", stallTimeout: .seconds(20)),
            environment: ["AWS_ACCESS_KEY_ID": "KEY", "AWS_SECRET_ACCESS_KEY": "topsecret"]
        )
        exporter.clock.now = { now }
        exporter.clock.pause = { [pauses] in pauses.append($0) }
        let outcome = try #require(await ExporterChain([exporter]).run(recording ?? self.recording).first)
        // SPAN-1, SPAN-6
        #expect(outcome.spanError?.contains("/") != true)
        for text in [outcome.spanError, outcome.error, outcome.recordingURL] {
            #expect(text?.contains("topsecret") != true)
        }
        return outcome
    }

    private func calls(_ server: LoopbackServer) -> [S3Call] { server.received.map(S3Call.init) }

    private func sentence(_ server: LoopbackServer, _ rest: String) -> String {
        "cannot deliver to \(server.url)/bucket/\(Self.key): \(rest)"
    }

    // EXP-4, EXP-5, EXP-6, EXP-8
    @Test func `A small recording is PUT, signed over its own SHA-256, and looked for afterwards`() async throws {
        let server = try server([.head: [Reply(404), .object(Self.byteCount, sha256: Workspace.sha256)]])
        let outcome = try await outcome(server, "&storage-class=STANDARD_IA")
        #expect(outcome.error == nil)
        #expect(outcome.recordingID == Workspace.recordingID)
        #expect(outcome.recordingURL == "\(server.url)/bucket/\(Self.key)")
        #expect(calls(server) == [.head, .put, .head])
        let put = server.received[1]
        #expect(put.target == "/bucket/\(Self.key)")
        #expect(put.sha256 == Workspace.sha256)
        let expected = [
            "content-length": "3000001", "content-type": "audio/wav", "if-none-match": "*",
            "user-agent": "tapeline/1.2.3", "x-amz-content-sha256": Workspace.sha256,
            "x-amz-checksum-sha256": "iPYHJIGuRksQvoK/2uR273nmxY51NQRNu12TSIqo/5g=",
            "x-amz-date": "20250615T150640Z", "x-amz-meta-recording-id": Workspace.recordingID,
            "x-amz-meta-sha256": Workspace.sha256, "x-amz-storage-class": "STANDARD_IA",
        ]
        for (name, value) in expected { #expect(put.headers[name] == value, "\(name)") }
        #expect(put.headers["transfer-encoding"] == nil)
        #expect(put.headers["content-encoding"] == nil)
    }

    // EXP-8, SPAN-6
    @Test func `On request the URL is presigned, for the time that is declared`() async throws {
        let server = try server([.head: [Reply(404), .object(Self.byteCount, sha256: Workspace.sha256)]])
        let url = try #require(try await outcome(server, "&presign=3600").recordingURL)
        #expect(url.hasPrefix("\(server.url)/bucket/\(Self.key)?X-Amz-Algorithm=AWS4-HMAC-SHA256&"))
        #expect(url.contains("&X-Amz-Date=20250615T150640Z&X-Amz-Expires=3600&X-Amz-SignedHeaders=host&"))
    }

    // EXP-4, EXP-6
    @Test func `What is there already is not sent again, and another object is not replaced`() async throws {
        let there = try server([.head: [.object(Self.byteCount, sha256: Workspace.sha256)]])
        #expect(try await outcome(there).outcome == .attached)
        #expect(calls(there) == [.head])
        let taken = "an object of that key is there already and is another file: move it away, and export again"
        for object in [Reply.object(7), .object(Self.byteCount, sha256: String(Workspace.sha256.reversed()))] {
            let other = try server([.head: [object]])
            let outcome = try await outcome(other)
            #expect(outcome.error == sentence(other, taken))
            #expect(outcome.spanError == "another object has the recording's key in the bucket")
            #expect(calls(other) == [.head])
        }
    }

    // EXP-4
    @Test func `A precondition that fails is looked into`() async throws {
        // The first PUT arrived, and its answer was lost.
        let arrived = try server([
            .head: [Reply(404), .object(Self.byteCount)],
            .put: [Reply(200, .close(afterByteCount: 3_000_001)), .error(412, "PreconditionFailed")],
        ])
        #expect(try await outcome(arrived).outcome == .attached)
        #expect(calls(arrived) == [.head, .put, .put, .head])
        let other = try server([.head: [Reply(404), .object(7)], .put: [.error(412, "PreconditionFailed")]])
        #expect(try await outcome(other).spanError == "another object has the recording's key in the bucket")
        let missing = try server([.put: [.error(412, "PreconditionFailed")]])
        #expect(try await outcome(missing).spanError == "after the upload the object is not there")
    }

    // EXP-8
    @Test(arguments: [
        Reply.error(501, "NotImplemented"), .error(400, "InvalidArgument"), .init(400, [:], body: "what is this"),
    ])
    func `A server that does not know If-None-Match is asked without it`(refusal: Reply) async throws {
        let found = [Reply(404), .object(Self.byteCount, sha256: Workspace.sha256)]
        let server = try server([.head: found, .put: [refusal, Reply(200)]])
        #expect(try await outcome(server).outcome == .attached)
        let puts = server.received.filter { S3Call($0) == .put }
        #expect(puts.map { $0.headers["if-none-match"] } == ["*", nil])
        #expect(puts.last?.sha256 == Workspace.sha256)
    }

    // EXP-6
    @Test func `Only what is there in the right size and with the right SHA-256 is delivered`() async throws {
        let wrong = String(Workspace.sha256.reversed())
        let base64 = Data(repeating: 1, count: 32).base64EncodedString()
        let digest = ["ETag": "\"0\"", "Content-Length": "3000001", "x-amz-checksum-sha256": base64]
        for (object, words) in [
            (Reply(404), "is not there"), (.object(3_000_000), "has another size or SHA-256 than was sent"),
            (.object(Self.byteCount, sha256: wrong), "has another size or SHA-256 than was sent"),
            (Reply(200, digest), "has another size or SHA-256 than was sent"),
        ] {
            let server = try server([.head: [Reply(404), object]])
            let outcome = try await outcome(server)
            let rest = "all was sent, and then the object \(words): export it again, and look in the server's log"
            #expect(outcome.error == sentence(server, rest))
            #expect(calls(server) == [.head, .put, .head, .head, .head, .head, .head])
        }
        // A server may need a moment, and one that keeps no metadata has just the size.
        for object in [
            Reply.object(Self.byteCount), .init(200, digest.merging(["x-amz-checksum-sha256": base64 + "-2"]) { $1 }),
        ] {
            let late = try server([.head: [Reply(404), Reply(404), .object(7), object]])
            #expect(try await outcome(late).outcome == .attached)
        }
        let portal = try server([
            .head: [Reply(200)], .put: [Reply(200, ["Content-Type": "text/html"], body: "<html>")],
        ])
        #expect(try await outcome(portal).spanError == "the server answered as no S3 server does")
    }

    // EXP-9
    @Test(arguments: [
        (
            403, "SignatureDoesNotMatch", "check AWS_SECRET_ACCESS_KEY, or the secret in the credentials file"
        ), (403, "InvalidAccessKeyId", "check AWS_ACCESS_KEY_ID, or the id in the credentials file"),
        (
            403, "AccessDenied",
            "check the keys, and allow them s3:PutObject, s3:GetObject, s3:AbortMultipartUpload and "
                + "s3:ListBucketMultipartUploads there"
        ), (400, "ExpiredToken", "renew AWS_SESSION_TOKEN and the keys that belong to it"),
        (404, "NoSuchBucket", "make the bucket bucket, or correct its name and endpoint="),
        (400, "InvalidStorageClass", "use a storage-class that the server knows"),
        (405, "MethodNotAllowed", "check the bucket, the endpoint and the options"),
    ])
    func `A configuration error is told, and not retried`(status: Int, code: String, fix: String) async throws {
        let server = try server([.put: [.error(status, code)]])
        let outcome = try await outcome(server)
        #expect(outcome.outcome == .failed)
        #expect(outcome.error == sentence(server, "it answered \(status) \(code) (\"no & never\"): \(fix)"))
        #expect(outcome.spanError == "the S3 server answered with status \(status) \(code)")
        #expect(calls(server) == [.head, .put])
        #expect(pauses.values.isEmpty)
    }

    // EXP-9
    @Test func `A bucket in another region is told with the option to use`() async throws {
        let region = "<Region>eu-central-1</Region>"
        for reply in [
            Reply.error(400, "AuthorizationHeaderMalformed", more: region),
            .error(301, "PermanentRedirect", ["x-amz-bucket-region": "eu-central-1"]),
            .error(307, "TemporaryRedirect", ["x-amz-bucket-region": "eu-central-1", "Location": "http://elsewhere/"]),
        ] {
            let server = try server([.put: [reply]])
            let outcome = try await outcome(server)
            let fix = "the bucket is in another region, use region=eu-central-1"
            #expect(outcome.error?.hasSuffix("(\"no & never\"): \(fix)") == true, "\(outcome)")
            #expect(calls(server) == [.head, .put])
        }
    }

    /// Of the server, which is at 1750000000.
    private static let date = ["Date": "Sun, 15 Jun 2025 15:06:40 GMT"]

    // EXP-9
    @Test(arguments: [1_749_996_400.0, 1_750_003_600])
    func `A clock that is an hour off is corrected by the server's`(now: Double) async throws {
        for calls in [
            [S3Call.head: [Reply(403, Self.date), Reply(404), .object(Self.byteCount)]],
            [
                .head: [Reply(404), .object(Self.byteCount)],
                .put: [.error(403, "RequestTimeTooSkewed", Self.date), Reply(200)],
            ],
        ] {
            let server = try server(calls)
            let outcome = try await outcome(server, "&presign=60", now: now)
            #expect(outcome.recordingURL?.contains("X-Amz-Date=20250615T150640Z") == true)
            #expect(server.received.last?.headers["x-amz-date"] == "20250615T150640Z")
            #expect(server.received.count == 4)
            #expect(pauses.values.isEmpty)
        }
    }

    // EXP-9
    @Test func `A clock that is an hour off is named where that does not help`() async throws {
        for (now, words) in [(1_749_996_400.0, "60 minutes behind"), (1_750_007_200, "120 minutes ahead of")] {
            let server = try server([.put: [.error(403, "RequestTimeTooSkewed", Self.date)]])
            let outcome = try await outcome(server, now: now)
            let rest = "this machine's clock is \(words) the server's: set it, such as with timedatectl set-ntp true"
            #expect(outcome.error == sentence(server, rest))
            #expect(calls(server) == [.head, .put, .put])
        }
    }

    // EXP-9
    @Test(arguments: [
        Reply.error(500, "InternalError"), .error(503, "SlowDown"), .error(400, "RequestTimeout"), Reply(429),
        Reply(201, .close(afterByteCount: 1_000_000)),
    ])
    func `What may pass is tried again`(reply: Reply) async throws {
        let found = [Reply(404), .object(Self.byteCount, sha256: Workspace.sha256)]
        let server = try server([.head: found, .put: [reply, reply, Reply(200)]])
        #expect(try await outcome(server).outcome == .attached)
        #expect(calls(server) == [.head, .put, .put, .put, .head])
        #expect(pauses.values.count == 2)
        #expect(zip(pauses.values, [0.5, 1]).allSatisfy { $0 <= .seconds($1) })
    }

    // EXP-9
    @Test func `Retry-After is waited for exactly, and told where it is longer than the time left`() async throws {
        let found = [Reply(404), .object(Self.byteCount, sha256: Workspace.sha256)]
        let server = try server([.head: found, .put: [.error(503, "SlowDown", ["Retry-After": "3"]), Reply(200)]])
        #expect(try await outcome(server).outcome == .attached)
        #expect(pauses.values == [.seconds(3)])
        let busy = try self.server([.put: [.error(503, "SlowDown", ["Retry-After": "7200"])]])
        let outcome = try await outcome(busy)
        let rest =
            "it answered 503 and asks to wait 7200 s, which is longer than the time left: export it again later, or "
            + "allow it more time with ?timeout=SECONDS"
        #expect(outcome.error == sentence(busy, rest))
        #expect(calls(busy) == [.head, .put])
    }

    // EXP-9
    @Test func `Attempts come to an end`() async throws {
        let server = try server([.put: [.error(503, "SlowDown")]])
        #expect(try await outcome(server).spanError == "the S3 server answered with status 503 SlowDown")
        #expect(calls(server) == [.head] + Array(repeating: .put, count: 8))
    }

    // EXP-2
    @Test func `A server that hangs costs no more than the time limit, and is named`() async throws {
        let server = try server([.put: [Reply(200, .stall(afterByteCount: 65536))]])
        let outcome = try await outcome(server, "&timeout=1")
        #expect(outcome.outcome == .timeout)
        #expect(
            outcome.error == sentence(server, "it did not answer in time: allow it more time with ?timeout=SECONDS")
        )
    }

    // EXP-5, EXP-7
    @Test func `A recording that is too large, gone or changed is not sent`() async throws {
        let changed = try server([:])
        #expect(try await outcome(changed, "&max-bytes=3000000").outcome == .tooLarge)
        var content = Workspace.content
        content[2_500_000] ^= 1
        try content.write(to: URL(fileURLWithPath: "\(source.path)/talk.wav"))
        #expect(try await outcome(changed).outcome == .unreadable)
        #expect(changed.received.allSatisfy { $0.byteCount < 3_000_001 })
        try FileManager.default.removeItem(atPath: "\(source.path)/talk.wav")
        let gone = try server([:])
        #expect(try await outcome(gone).outcome == .unreadable)
        #expect(gone.received.isEmpty)
    }

    // MARK: in parts

    /// As much as goes in parts: two of 8 MiB, and a byte.
    private func large() throws -> SessionRecording { try source.recording(byteCount: (16 << 20) + 1) }

    /// What a server answers that has no objections. `id` is that of each upload in turn.
    private static func parted(_ replies: [S3Call: [Reply]], found: Reply) -> [S3Call: [Reply]] {
        let begun = (1...3).map { Reply(200, body: "<R><UploadId>id-\($0)</UploadId></R>") }
        return [S3Call.head: [Reply(404), found], .create: begun].merging(replies) { $1 }
    }

    private static let isThere = Reply.object((16 << 20) + 1)

    // EXP-8
    @Test func `Large recordings are begun, sent and completed as S3 wants it`() async throws {
        let recording = try large()
        let etags = (1...3).map { Reply(200, ["ETag": "\"e-\($0)\""]) }
        let server = try server(Self.parted([.part: [etags[0]]], found: Self.isThere))
        #expect(try await outcome(server, "&storage-class=STANDARD_IA", of: recording).error == nil)
        #expect(calls(server) == [.head, .list, .create, .part, .part, .part, .complete, .head])
        let create = server.received[2]
        #expect(create.target == "/bucket/\(Self.key)?uploads=")
        #expect(create.headers["content-length"] == "0")
        #expect(create.headers["content-type"] == "audio/wav")
        #expect(create.headers["x-amz-meta-sha256"] == recording.file?.sha256)
        #expect(create.headers["x-amz-storage-class"] == "STANDARD_IA")
        let parts = server.received[3...5].sorted { $0.target < $1.target }
        #expect(parts.map(\.target) == (1...3).map { "/bucket/\(Self.key)?partNumber=\($0)&uploadId=id-1" })
        #expect(parts.map(\.byteCount) == [8 << 20, 8 << 20, 1])
        #expect(parts.map(\.sha256) == parts.map { $0.headers["x-amz-content-sha256"] })
        let complete = server.received[6]
        #expect(complete.target == "/bucket/\(Self.key)?uploadId=id-1")
        #expect(complete.headers["if-none-match"] == "*")
        let part = { (number: Int) in "<Part><PartNumber>\(number)</PartNumber><ETag>&quot;e-1&quot;</ETag></Part>" }
        let body =
            "<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">\(part(1))\(part(2))\(part(3))"
            + "</CompleteMultipartUpload>"
        #expect(complete.sha256 == (try SHA256.of(Array(body.utf8))))
    }

    // EXP-6
    @Test func `An error that comes with 200 is one`() async throws {
        let recording = try large()
        let passing = Reply.error(200, "InternalError")
        let server = try server(Self.parted([.complete: [passing, Reply(200, body: "<R/>")]], found: Self.isThere))
        #expect(try await outcome(server, of: recording).error == nil)
        #expect(calls(server).count { $0 == .complete } == 2)
        let denied = try self.server(Self.parted([.complete: [.error(200, "AccessDenied")]], found: Self.isThere))
        let outcome = try await outcome(denied, of: recording)
        #expect(outcome.spanError == "the S3 server answered with status 200 AccessDenied")
    }

    // EXP-4
    @Test func `A server that lost parts gets all of them again, in another upload`() async throws {
        let recording = try large()
        let server = try server(
            Self.parted(
                [.complete: [.error(400, "InvalidPart"), Reply(200)], .head: [Reply(404), Reply(404), Self.isThere]],
                found: Self.isThere
            )
        )
        #expect(try await outcome(server, of: recording).error == nil)
        #expect(
            calls(server).filter { $0 != .part && $0 != .head } == [
                .list, .create, .complete, .abort, .list, .create, .complete,
            ]
        )
        #expect(server.received.first { S3Call($0) == .abort }?.target == "/bucket/\(Self.key)?uploadId=id-1")
        let forgetful = try self.server(Self.parted([.part: [.error(404, "NoSuchUpload")]], found: Reply(404)))
        let outcome = try await outcome(forgetful, of: recording)
        #expect(outcome.spanError == "the S3 server forgot the upload")
        #expect(calls(forgetful).count { $0 == .create } == 3)
    }

    // EXP-4, EXP-6
    @Test func `A server that still puts the parts together, when its answer is lost, is waited for`() async throws {
        let recording = try large()
        let missing = [Reply](repeating: Reply(404), count: 6)
        let lost = [Reply(200, .close(afterByteCount: 100)), .error(404, "NoSuchUpload")]
        let server = try server(
            Self.parted([.complete: lost, .head: missing + [.object(7), Self.isThere]], found: Self.isThere)
        )
        #expect(try await outcome(server, of: recording).error == nil)
        #expect(calls(server).count { $0 == .create } == 1)
    }

    // EXP-4
    @Test func `Where the object is there when it is completed, it is looked at`() async throws {
        let recording = try large()
        let refused = [S3Call.complete: [Reply.error(412, "PreconditionFailed")]]
        let same = try server(Self.parted(refused, found: Self.isThere))
        #expect(try await outcome(same, of: recording).error == nil)
        #expect(calls(same).last == .abort)
        let other = try server(Self.parted(refused, found: .object(7)))
        let outcome = try await outcome(other, of: recording)
        #expect(outcome.spanError == "another object has the recording's key in the bucket")
        #expect(calls(other).last == .abort)
        #expect(try Workspace.names(in: "\(source.path)/state/s3") == [])
    }

    // EXP-8
    @Test func `Only uploads of the very key are aborted, where the server lists them`() async throws {
        let recording = try large()
        let uploads = [(Self.key, "old"), (Self.key + ".bak", "theirs")].map { key, id in
            "<Upload><Key>\(key)</Key><UploadId>\(id)</UploadId></Upload>"
        }
        let list = Reply(200, body: "<ListMultipartUploadsResult>\(uploads.joined())</ListMultipartUploadsResult>")
        let server = try server(Self.parted([.list: [list], .abort: [Reply(204)]], found: Self.isThere))
        #expect(try await outcome(server, of: recording).error == nil)
        let aborts = server.received.filter { S3Call($0) == .abort }.map(\.target)
        #expect(aborts == ["/bucket/\(Self.key)?uploadId=old"])
        let listed = server.received.first { S3Call($0) == .list }?.target
        #expect(listed == "/bucket/?prefix=in%2F\(Workspace.recordingID).wav&uploads=")
        let secretive = try self.server(Self.parted([.list: [.error(403, "AccessDenied")]], found: Self.isThere))
        #expect(try await outcome(secretive, of: recording).error == nil)
    }
}
