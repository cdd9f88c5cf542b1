import Foundation
import HTTP
import LoopbackServer
import RecorderIO
import RecordingExport
import Synchronization
import TestSupport
import Testing

/// Uploads to a real server, which checks signatures, through a proxy that breaks connections. One after the other: each has
/// a server of its own and many connections, and other tests count what this process has open.
@Suite(
    .timeLimit(.minutes(10)),
    .serialized,
    .enabled(if: RcloneServer.isThere, Comment(rawValue: RcloneServer.whereFrom))
)
struct S3UploadTests {
    /// In parts of 512 KiB: four, the last one smaller. This server takes smaller parts than others.
    private static let partedByteCount: Int64 = (3 << 19) + 12345
    private static let key = "in/\(Workspace.recordingID).wav"

    private let source: Workspace
    private let server: RcloneServer

    init() async throws {
        source = try Workspace()
        server = try await RcloneServer()
    }

    /// - Parameter attempts: Of each request.
    private func exporter(
        _ url: String,
        bucket: String = "bucket",
        secret: String = "SECRET",
        attempts: Int = 8,
        clockOffset: Double = 0,
        partByteCount: Int64 = 1 << 19
    ) throws -> S3Exporter {
        var target = try S3Target(bucket: bucket, key: "in/{recording_id}.{ext}", endpoint: try HTTPURL(url))
        target.partByteCount = partByteCount
        var exporter = S3Exporter(
            target,
            statePath: "\(source.path)/state",
            client: HTTPClient(userAgent: "tapeline/0", stallTimeout: .seconds(20)),
            retryPolicy: RetryPolicy(attemptLimit: attempts),
            environment: ["AWS_ACCESS_KEY_ID": "KEY", "AWS_SECRET_ACCESS_KEY": secret]
        )
        exporter.clock.now = { Date().timeIntervalSince1970 + clockOffset }
        exporter.clock.pause = { _ in }
        exporter.partedByteCount = 3 * partByteCount
        return exporter
    }

    private func outcome(_ exporter: S3Exporter, _ recording: SessionRecording) async throws -> ExportOutcome {
        try #require(await ExporterChain([exporter]).run(recording).first)
    }

    private func expectDelivery(of recording: SessionRecording, by exporter: S3Exporter, _ comment: Comment? = nil)
        async throws
    {
        let error = try await outcome(exporter, recording).error
        #expect(error == nil, comment)
    }

    /// The object is the recording, no upload is left, and nothing is kept of it here.
    private func expectDelivered(_ recording: SessionRecording, _ comment: Comment? = nil) async throws {
        #expect(server.objects == [Self.key], comment)
        let object = try SHA256.ofFile(atPath: server.path(ofObject: Self.key))
        #expect(object.hex == recording.file?.sha256, comment)
        #expect(try await server.uploads() == [], comment)
        #expect(try journals() == [], comment)
    }

    private func journals() throws -> [String] {
        let folder = "\(source.path)/state/s3"
        return FileManager.default.fileExists(atPath: folder) ? try Workspace.names(in: folder) : []
    }

    private func remove() async throws {
        _ = try await server.text(of: "/bucket/\(Self.key)", "--request", "DELETE")
    }

    // EXP-6, EXP-8
    @Test func `A small recording arrives with its type and metadata`() async throws {
        let recording = try source.recording()
        let outcome = try await outcome(try exporter(server.url, partByteCount: 5 << 20), recording)
        #expect(outcome.error == nil)
        #expect(outcome.recordingURL == "\(server.url)/bucket/\(Self.key)")
        try await expectDelivered(recording)
        let head = try await server.text(of: "/bucket/\(Self.key)", "--head").lowercased()
        #expect(head.contains("content-type: audio/wav\r\n"))
        #expect(head.contains("x-amz-meta-sha256: \(Workspace.sha256)\r\n"))
        #expect(head.contains("x-amz-meta-recording-id: \(Workspace.recordingID)\r\n"))
    }

    // EXP-8, SPAN-6
    @Test func `A presigned URL gives the recording to everybody`() async throws {
        let recording = try source.recording()
        var target = try S3Target(bucket: "bucket", endpoint: try HTTPURL(server.url))
        target.presigning = .seconds(60)
        let environment = ["AWS_ACCESS_KEY_ID": "KEY", "AWS_SECRET_ACCESS_KEY": "SECRET"]
        let outcome = try await outcome(
            S3Exporter(target, statePath: source.path, environment: environment),
            recording
        )
        let url = try #require(outcome.recordingURL)
        #expect(try await ChildProcess.run("/usr/bin/curl", ["--silent", url]).standardOutput == Workspace.content)
        let tampered = url.replacing("X-Amz-Expires=60", with: "X-Amz-Expires=61")
        let refused = try await ChildProcess.run("/usr/bin/curl", ["--silent", tampered]).standardOutput
        #expect(String(decoding: refused, as: UTF8.self).contains("SignatureDoesNotMatch"))
    }

    // EXP-4, EXP-5, EXP-8
    @Test func `A recording of 40 MiB goes in parts, and is not sent twice`() async throws {
        let proxy = try FaultProxy(to: server.port) { _, _ in .none }
        let recording = try source.recording(byteCount: 40 << 20)
        try await expectDelivery(of: recording, by: try exporter(proxy.url, partByteCount: 5 << 20))
        try await expectDelivered(recording)
        let calls = proxy.requests.map(S3Call.init)
        #expect(calls.filter { $0 != .part } == [.head, .list, .create, .complete, .head])
        #expect(calls.count { $0 == .part } == 8)
        // Each part is signed over its own bytes: never in chunks, never unsigned.
        let hashes = proxy.requests.compactMap { $0.headers["x-amz-content-sha256"] }
        #expect(hashes.count == 13)
        #expect(hashes.allSatisfy { $0.wholeMatch(of: /[0-9a-f]{64}/) != nil })
        try await expectDelivery(of: recording, by: try exporter(proxy.url, partByteCount: 5 << 20))
        #expect(proxy.requests.map(S3Call.init).dropFirst(13) == [.head])
    }

    // EXP-9
    @Test func `Wrong keys and a missing bucket are told in the server's words`() async throws {
        for byteCount in [1000, Self.partedByteCount] {
            let recording = try source.recording(byteCount: byteCount)
            let secret = try await outcome(try exporter(server.url, secret: "WRONG"), recording)
            #expect(secret.spanError == "the S3 server answered with status 403 SignatureDoesNotMatch")
            #expect(
                secret.error?.hasSuffix("check AWS_SECRET_ACCESS_KEY, or the secret in the credentials file") == true
            )
            let bucket = try await outcome(try exporter(server.url, bucket: "nowhere"), recording)
            #expect(bucket.spanError == "the S3 server answered with status 404 NoSuchBucket")
        }
        #expect(server.objects == [])
    }

    // EXP-9
    @Test(arguments: [-3600.0, 3600]) func `A clock that is an hour off keeps nothing from arriving`(
        offset: Double
    ) async throws {
        let recording = try source.recording(byteCount: Self.partedByteCount)
        try await expectDelivery(of: recording, by: try exporter(server.url, clockOffset: offset))
        try await expectDelivered(recording)
    }

    private static let faults: [FaultProxy.Fault] = [
        .closeInHead, .closeInBody(afterByteCount: 1), .closeInBody(afterByteCount: 12345),
        .closeInBody(afterByteCount: -1), .closeBeforeAnswer, .closeInAnswerHead, .closeInAnswerBody,
        .answer("HTTP/1.1 503 Slow Down\r\nRetry-After: 2\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"),
        .answer(
            "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n<?xml version=\"1.0\"?><Error><Code>InternalError</Code></Error>"
        ),
    ]

    /// The connection that brings each call is cut once, at each class of byte: in the request's head, at the body's first
    /// byte, in its middle and before its last one, before the answer, in its head and in its body.
    // EXP-6, EXP-9
    @Test(arguments: [S3Call.put, .head, .list, .create, .part, .complete])
    func `A connection that is cut anywhere costs another attempt, and nothing else`(call: S3Call) async throws {
        let byteCount = call == .put ? 1_000_001 : Self.partedByteCount
        let recording = try source.recording(byteCount: byteCount)
        for fault in Self.faults {
            let first = Once()
            let proxy = try FaultProxy(to: server.port) { _, request in
                S3Call(request) == call && first.isFirst() ? fault : .none
            }
            let outcome = try await outcome(try exporter(proxy.url), recording)
            #expect(outcome.error == nil, "\(fault)")
            try await expectDelivered(recording, "\(fault)")
            // Parts that had arrived are not sent again.
            #expect(proxy.requests.count { S3Call($0) == .part } <= 5, "\(fault)")
            try await remove()
        }
    }

    /// From the step on nothing gets through, before the server has it or after; then another exporter finds what the first
    /// one left.
    // EXP-4, EXP-8, DUR-1
    @Test(arguments: [FaultProxy.Fault.closeInHead, .closeBeforeAnswer])
    func `An upload that ended at any step goes on where it was`(last: FaultProxy.Fault) async throws {
        let recording = try source.recording(byteCount: Self.partedByteCount)
        var partCounts: [Int] = []
        for step in 0... {
            let healed = Journal<Bool>()
            let proxy = try FaultProxy(to: server.port) { number, _ in
                if number < step || !healed.values.isEmpty { return .none }
                return number == step ? last : .closeInHead
            }
            let first = try await outcome(try exporter(proxy.url, attempts: 1), recording)
            let arrived = proxy.requests.prefix(step).count { S3Call($0) == .part }
            let begun = proxy.requests.count
            healed.append(true)
            try await expectDelivery(of: recording, by: try exporter(proxy.url), "step \(step)")
            try await expectDelivered(recording, "step \(step)")
            partCounts.append(arrived + proxy.requests.dropFirst(begun).count { S3Call($0) == .part })
            if first.error == nil { break }
            try await remove()
        }
        // HEAD, list, create, four parts, complete, HEAD; then nothing is left to break.
        #expect(partCounts.count == 10)
        #expect(partCounts.allSatisfy { (4...7).contains($0) }, "\(partCounts)")
    }

    // EXP-4, EXP-8
    @Test func `What is kept of an upload may be torn, and is not believed`() async throws {
        let recording = try source.recording(byteCount: Self.partedByteCount)
        for cut in [1, 40, 400] {
            let healed = Journal<Bool>()
            let proxy = try FaultProxy(to: server.port) { _, request in
                healed.values.isEmpty && S3Call(request) == .complete ? .closeInHead : .none
            }
            #expect(try await outcome(try exporter(proxy.url, attempts: 1), recording).error != nil)
            let path = "\(source.path)/state/s3/\(try #require(try journals().first))"
            var journal = try Data(contentsOf: URL(fileURLWithPath: path))
            journal.removeLast(cut)
            journal.append(Data(repeating: 0, count: cut / 2))
            try journal.write(to: URL(fileURLWithPath: path))
            healed.append(true)
            try await expectDelivery(of: recording, by: try exporter(proxy.url))
            try await expectDelivered(recording, "\(cut)")
            try await remove()
        }
    }

    // EXP-4
    @Test func `What is kept of an upload is not gone by where its parts are none of the file`() async throws {
        let recording = try source.recording(byteCount: Self.partedByteCount)
        for partByteCount in ["1048576", "0", "-1", "9223372036854775807"] {
            let healed = Journal<Bool>()
            let proxy = try FaultProxy(to: server.port) { _, request in
                healed.values.isEmpty && S3Call(request) == .complete ? .closeInHead : .none
            }
            #expect(try await outcome(try exporter(proxy.url, attempts: 1), recording).error != nil)
            let path = "\(source.path)/state/s3/\(try #require(try journals().first))"
            let text = try String(contentsOfFile: path, encoding: .utf8)
            let damaged = text.replacing("\"part_bytes\":524288", with: "\"part_bytes\":\(partByteCount)")
            #expect(damaged != text)
            try damaged.write(toFile: path, atomically: false, encoding: .utf8)
            healed.append(true)
            try await expectDelivery(of: recording, by: try exporter(proxy.url), "\(partByteCount)")
            try await expectDelivered(recording, "\(partByteCount)")
            try await remove()
        }
    }

    // EXP-4
    @Test func `Where the server forgot the upload, it begins anew`() async throws {
        let recording = try source.recording(byteCount: Self.partedByteCount)
        let healed = Journal<Bool>()
        let proxy = try FaultProxy(to: server.port) { _, request in
            healed.values.isEmpty && S3Call(request) == .complete ? .closeInHead : .none
        }
        #expect(try await outcome(try exporter(proxy.url, attempts: 1), recording).error != nil)
        let id = try #require(try await server.uploads().first)
        _ = try await server.text(of: "/bucket/\(Self.key)?uploadId=\(id)", "--request", "DELETE")
        healed.append(true)
        try await expectDelivery(of: recording, by: try exporter(proxy.url))
        try await expectDelivered(recording)
        #expect(proxy.requests.count { S3Call($0) == .part } == 8)
    }

    // EXP-6
    @Test func `A recording that changed while it was sent in parts never becomes an object`() async throws {
        let recording = try source.recording(byteCount: Self.partedByteCount)
        let path = try #require(recording.file?.path)
        let proxy = try FaultProxy(to: server.port) { _, request in
            if S3Call(request) == .create, let file = FileHandle(forUpdatingAtPath: path) {
                try? file.seek(toOffset: 1 << 20)
                try? file.write(contentsOf: Data("other".utf8))
            }
            return .none
        }
        let outcome = try await outcome(try exporter(proxy.url), recording)
        #expect(outcome.outcome == .unreadable)
        #expect(server.objects == [])
        #expect(try await server.uploads() == [])
        #expect(try journals() == [])
        // And once more, now from its first byte: nothing is even begun.
        #expect(try await self.outcome(try exporter(proxy.url), recording).outcome == .unreadable)
        #expect(proxy.requests.count { S3Call($0) == .create } == 1)
    }

    // EXP-4
    @Test func `Two deliveries of one recording do not get into each other's way`() async throws {
        let recording = try source.recording(byteCount: Self.partedByteCount)
        let healed = Journal<Bool>()
        let (arrivals, arrived) = AsyncStream.makeStream(of: Void.self)
        let proxy = try FaultProxy(to: server.port) { _, request in
            guard healed.values.isEmpty, S3Call(request) == .part else { return .none }
            arrived.yield()
            return .hang
        }
        let exporter = try exporter(proxy.url)
        let first = Task { try await exporter.export(recording) }
        for await _ in arrivals { break }
        let second = try await outcome(exporter, recording)
        #expect(second.spanError == "the recording is being delivered by another process")
        first.cancel()
        await #expect(throws: CancellationError.self) { try await first.value }
        healed.append(true)
        try await expectDelivery(of: recording, by: exporter)
        try await expectDelivered(recording)
        #expect(proxy.requests.count { S3Call($0) == .create } == 1)
    }

    // EXP-8
    @Test func `Of our own uploads those that nobody will finish are aborted, and no others`() async throws {
        // Begun and broken off: one whose recording is gone, one that can still go on.
        let broken = Journal<Bool>()
        let proxy = try FaultProxy(to: server.port) { _, request in
            broken.values.isEmpty && S3Call(request) == .complete ? .closeInHead : .none
        }
        let gone = try Workspace()
        let waiting = try Workspace()
        let other = "0b8f7a52-0000-4c7e-9f5d-2f1d3c4b5a69"
        for (folder, id) in [(gone, "0b8f7a52-1111-4c7e-9f5d-2f1d3c4b5a69"), (waiting, other)] {
            let recording = try folder.recording(byteCount: Self.partedByteCount, id: id)
            #expect(try await outcome(try exporter(proxy.url, attempts: 1), recording).error != nil)
        }
        // Somebody else's, of a key of theirs.
        _ = try await server.text(of: "/bucket/theirs?uploads=", "--request", "POST")
        #expect(try await server.uploads().count == 3)
        try FileManager.default.removeItem(atPath: "\(gone.path)/talk.wav")
        broken.append(true)
        try await expectDelivery(of: try source.recording(), by: try exporter(proxy.url))
        #expect(proxy.requests.count { S3Call($0) == .abort } == 1)
        #expect(try await server.uploads().count == 2)
        let kept = try journals()
        #expect(kept.count == 1)
        #expect(kept.first?.hasPrefix(other) == true)
        // A month later nobody goes on with the other one either.
        try await remove()
        let month = try exporter(proxy.url, clockOffset: 31 * 86400)
        try await expectDelivery(of: try source.recording(), by: month)
        #expect(try await server.uploads().count == 1)
        #expect(try journals() == [])
    }

    // EXP-5
    @Test func `Memory is flat with a recording of 256 MiB`() async throws {
        let recording = try source.recording(byteCount: 256 << 20)
        let before = try Self.peakByteCount()
        try await expectDelivery(of: recording, by: try exporter(server.url, partByteCount: 8 << 20))
        // Other tests run in this process at the same time: they may take some, but never half of the file.
        #expect(try Self.peakByteCount() - before < 128 << 20)
        try await expectDelivered(recording)
    }

    private static func peakByteCount() throws -> Int {
        let status = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
        let match = try #require(status.firstMatch(of: /VmHWM:\s+(\d+) kB/))
        return try #require(Int(match.1)) * 1024
    }
}

/// Something that happens once, whoever comes first.
private final class Once: Sendable {
    private let hasHappened = Atomic(false)

    func isFirst() -> Bool { !hasHappened.exchange(true, ordering: .sequentiallyConsistent) }
}
