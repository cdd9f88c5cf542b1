import Foundation
import RecorderIO
import RecordingExport
import TestSupport
import Testing

/// What is uploaded, read by LiveKit's own packages.
@Suite(.timeLimit(.minutes(10)), .enabled(if: BuiltProducts.hasPython, "no .venv: run .ci/setup test"))
struct LiveKitReceiverTests {
    /// In base64 it has a + and a /, wherever it stands: neither may be in a token.
    private static let key = "key-~~~~~-?????"
    private static let secret = "a secret of more than thirty-two bytes"

    private let source: Workspace

    init() throws { source = try Workspace() }

    private struct Report: Decodable {
        struct Claims: Decodable, Equatable {
            var iss: String
            var sub: String
            var seconds: Int
            var observability: [String: Bool]
        }

        struct Header: Decodable, Equatable {
            var roomId: String?
            /// 64-bit numbers are strings in protobuf's JSON.
            var duration: String?
            var startTime: String?
            var jobId: String?
            var simulated: Bool?
            var redactionEnabled: Bool?
        }

        struct Part: Decodable, Equatable {
            var name: String
            var fileName: String
            var mediaType: String
            var byteCount: Int
            var sha256: String
        }

        var scheme: String
        var tokenHeader: [String: String]
        var upstreamTokenHeader: [String: String]
        var claims: Claims
        var upstreamClaims: Claims
        var mayWrite: Bool
        var hasLength: Bool
        var header: Header
        var transcript: [String: [String]]?
        var parts: [Part]
    }

    /// What a receiver of `count` uploads says of them.
    private func reports(
        of count: Int,
        sentTo send: (LiveKitProject) async throws -> Void
    ) async throws -> [Report] {
        let script = "\(BuiltProducts.packageRoot)/Tests/RecordingExportTests/Support/livekit-receiver.py"
        let receiver = try ChildProcess(BuiltProducts.python, [script, Self.key, Self.secret, "\(count)"])
        defer { receiver.send(SIGKILL) }
        try #require(try await receiver.says("."), "\(receiver.standardError)")
        let port = try #require(receiver.standardError.firstMatch(of: /listening on (\d+)\./)).1
        try await send(LiveKitProject(url: "http://127.0.0.1:\(port)/", apiKey: Self.key, apiSecret: Self.secret))
        let ending = try await receiver.ended()
        let lines = ending.standardOutput.split(separator: UInt8(ascii: "\n"))
        return try lines.map { try JSONDecoder().decode(Report.self, from: $0) }
    }

    private static let audioPart = Report.Part(
        name: "audio",
        fileName: "recording.ogg",
        mediaType: "audio/ogg",
        byteCount: 3_000_001,
        sha256: Workspace.sha256
    )

    // EXP-8
    @Test func `LiveKit's packages verify the token, and read header, transcript and audio`() async throws {
        let upload = try source.upload(jobID: "AJ_1", transcript: #"{"items":["hällo"]}"#)
        let reports = try await reports(of: 1) { project in
            let uploader = LiveKitUploader(project, roomID: "RM_ü", isSimulated: true, isRedactionEnabled: true)
            #expect(await uploader.end(of: upload) == nil)
        }
        let report = try #require(reports.first)
        #expect(report.scheme == "Bearer")
        #expect(report.tokenHeader == report.upstreamTokenHeader)
        #expect(report.claims == report.upstreamClaims)
        #expect(report.claims == .init(iss: Self.key, sub: "", seconds: 21600, observability: ["write": true]))
        #expect(report.mayWrite)
        #expect(report.hasLength)
        #expect(
            report.header
                == .init(
                    roomId: "RM_ü",
                    duration: "15624",
                    startTime: "2025-06-15T15:06:40.250Z",
                    jobId: "AJ_1",
                    simulated: true,
                    redactionEnabled: true
                )
        )
        #expect(report.transcript == ["items": ["hällo"]])
        #expect(report.parts.map(\.name) == ["header", "chat_history", "audio"])
        #expect(report.parts.map(\.fileName) == ["header.binpb", "chat_history.json", "recording.ogg"])
        #expect(report.parts.map(\.mediaType) == ["application/protobuf", "application/json", "audio/ogg"])
        #expect(report.parts.last == Self.audioPart)
    }

    // EXP-6, EXP-8
    @Test func `What there is not, or cannot be read, is left out, and the rest arrives`() async throws {
        let plain = try source.upload()
        let changed = try Workspace()
        let changedUpload = try changed.upload(transcript: "{}")
        var content = Workspace.content
        content[1_000_000] ^= 1
        try content.write(to: URL(fileURLWithPath: "\(changed.path)/talk.wav"))
        var missing = plain
        missing.recording.file?.path = "\(source.path)/missing"
        var silent = plain
        silent.recording.file = nil
        silent.chatHistory = Array("{}".utf8)
        var empty = silent
        empty.recording.file = plain.recording.file
        empty.recording.file?.byteCount = 0
        let reports = try await reports(of: 5) { [missing, silent, empty] project in
            let uploader = LiveKitUploader(project, roomID: "r")
            for upload in [plain, silent, empty] { #expect(await uploader.end(of: upload) == nil) }
            for upload in [changedUpload, missing] {
                let error = await uploader.end(of: upload) as? RecordingExportError
                #expect(error?.kind == .unreadable)
            }
        }
        #expect(
            reports.map { $0.parts.map(\.name) } == [
                ["header", "audio"], ["header", "chat_history"], ["header", "chat_history"],
                ["header", "chat_history"],
                ["header"],
            ]
        )
        #expect(reports.first?.parts.last == Self.audioPart)
        #expect(reports.map(\.header.jobId) == [nil, nil, nil, nil, nil])
        // Without a file, the times are the session's.
        #expect(reports[1].header.startTime == "2025-06-15T15:06:39Z")
        #expect(reports[1].header.duration == "17500")
    }
}
