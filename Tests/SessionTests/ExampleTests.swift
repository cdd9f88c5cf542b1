import Foundation
import RecorderIO
import RecordingExport
import Session
import TestSupport
import Testing

/// SES-1: the program that the README and the article show.
@Suite(.timeLimit(.minutes(10))) struct ExampleTests {
    @Test func `It records, delivers, and leads from the trace to the audio`() async throws {
        let folder = try TemporaryFolder()
        let archive = "\(folder.path)/archive"
        try FileManager.default.createDirectory(atPath: archive, withIntermediateDirectories: true)
        let traceID = "0af7651916cd43dd8448eb211c80319c"
        let ending = try await ChildProcess.run(
            BuiltProducts.recorder,
            [],
            environment: [
                "ALSA_CONFIG_PATH": BuiltProducts.alsaConfiguration,
                "FIXTURE_MICROPHONE": BuiltProducts.fixtureMicrophone,
                "RECORDER_DEVICE": "fixture:FILE=\(BuiltProducts.fixture("speech-48k-stereo.wav")),SPEED=max",
                "RECORDER_FOLDER": folder.path,
                "RECORDER_ARCHIVE": archive,
                "TRACEPARENT": "00-\(traceID)-b7ad6b7169203331-01",
            ],
            in: folder.path
        )
        #expect(ending.exitCode == 0, "\(ending.standardError)")
        let report = try JSONDecoder().decode(SessionReport.self, from: ending.standardOutput)
        let recording = try #require(report.recording)
        #expect(recording.frames == 5 * 48000)
        #expect(report.status == .attached)
        // From the trace to the audio.
        let spans = try Self.spans(in: "\(folder.path)/spans.jsonl")
        let session = try #require(spans.first { $0.name == "agent_session" })
        #expect(session.traceId == traceID)
        #expect(session.parentSpanId == "b7ad6b7169203331")
        #expect(session.spanId == report.spanID)
        let url = try #require(session.attributes?.first { $0.key == "lk.recording_url" }?.value.stringValue)
        let key = try #require(url.split(separator: "/").last)
        #expect(try SHA256.ofFile(atPath: "\(archive)/\(key)").hex == recording.sha256)
        // What the program traced belongs to the session.
        let greeting = try #require(spans.first { $0.name == "greeting" })
        #expect(greeting.parentSpanId == session.spanId)
    }

    @Test(arguments: ["README.md", "Sources/Session/Session.docc/Recording.md"])
    func `The code that is shown is the program's`(_ page: String) throws {
        let folder = "\(BuiltProducts.packageRoot)/Tests/Support/Recorder"
        let program = try ["ArchiveExporter.swift", "Recorder.swift"].map { name in
            Self.code(try String(contentsOfFile: "\(folder)/\(name)", encoding: .utf8))
        }.joined(separator: "\n")
        let text = try String(contentsOfFile: "\(BuiltProducts.packageRoot)/\(page)", encoding: .utf8)
        let blocks = text.matches(of: /```swift\n((?:.|\n)*?)```/).map { Self.code(String($0.1)) }
        #expect(blocks.count >= 2)
        for block in blocks { #expect(program.contains(block)) }
    }

    /// Without indentation.
    private static func code(_ text: String) -> String {
        text.split(separator: "\n").map { $0.trimmingCharacters(in: .whitespaces) }.joined(separator: "\n")
    }

    private struct Span: Decodable {
        struct Attribute: Decodable {
            struct Value: Decodable { var stringValue: String? }
            var key: String
            var value: Value
        }

        struct Request: Decodable {
            struct Resource: Decodable { var scopeSpans: [Scope] }
            struct Scope: Decodable { var spans: [Span] }
            var resourceSpans: [Resource]
        }

        var name: String
        var traceId: String
        var spanId: String
        var parentSpanId: String?
        var attributes: [Attribute]?
    }

    private static func spans(in path: String) throws -> [Span] {
        try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n").flatMap { line in
            let request = try JSONDecoder().decode(Span.Request.self, from: Data(line.utf8))
            return request.resourceSpans.flatMap { $0.scopeSpans.flatMap(\.spans) }
        }
    }
}
