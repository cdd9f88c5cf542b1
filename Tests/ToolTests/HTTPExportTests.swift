import Foundation
import LoopbackServer
import TestSupport
import Testing

/// `tapeline record --export http:` from the microphone to the server's answer, and back to report and span.
@Suite(.timeLimit(.minutes(10))) struct HTTPExportTests {
    /// Records a second, and delivers it to `url`.
    private func record(
        _ url: String,
        of tapeline: Tapeline,
        environment: [String: String] = ["no_proxy": "127.0.0.1"]
    ) async throws -> Outcome {
        let device = try tapeline.device(Ramp(), frames: 48000, "SPEED=max")
        return try await tapeline.record(device, ["--export", url], environment: environment)
    }

    // EXP-8, EXP-9, SPAN-1, SES-10
    @Test func `A server that is busy at first gets the recording, and report and span tell where it is`() async throws
    {
        let tapeline = try Tapeline()
        let server = try LoopbackServer(.init(503, ["Retry-After": "1"]), .init(201))
        let outcome = try await record("\(server.url)/up/?key=secret", of: tapeline)
        let recording = try outcome.recording()
        let url = "\(server.url)/up/\(recording.id).wav"
        let report = try #require(outcome.report)
        #expect(report.status == "attached")
        #expect(report.exports.map(\.outcome) == ["attached"])
        #expect(report.exports.first?.recordingUrl == url)
        #expect(report.exports.first?.recordingId == recording.id)
        #expect(report.exports.first?.error == nil)
        #expect((report.exports.first?.seconds ?? 0) >= 1)
        #expect(
            server.received.map(\.target) == [
                "/up/\(recording.id).wav?key=secret", "/up/\(recording.id).wav?key=secret",
            ]
        )
        #expect(server.received.map(\.sha256) == [recording.sha256, recording.sha256])
        #expect(server.received.map(\.byteCount) == [Int64(recording.bytes), Int64(recording.bytes)])
        let span = try #require(try tapeline.spans().first)
        #expect(span.name == "agent_session")
        #expect(span["lk.recording_url"] == url)
        #expect(span["lk.recording_id"] == recording.id)
        #expect(span["tapeline.recording.status"] == "attached")
        #expect(!"\(span)\(outcome.standardError)".contains("secret"))
    }

    // EXP-7, EXP-9, CLI-3
    @Test func `A server that refuses costs the exit code, and the recording is kept`() async throws {
        let tapeline = try Tapeline()
        let server = try LoopbackServer(.init(403))
        let outcome = try await record("\(server.url)/up/", of: tapeline)
        let recording = try outcome.recording(exitCode: 75)
        #expect(outcome.report?.status == "failed")
        #expect(
            outcome.report?.exports.first?.error
                == "cannot deliver to \(server.url)/up/\(recording.id).wav: it answered 403: "
                + "check the credentials, and that they may write there"
        )
        #expect(try await recording.sound().frames == 48000)
        #expect(try tapeline.spans().first?["tapeline.recording.status"] == "failed")
        #expect(server.received.count == 1)
    }

    // EXP-8
    @Test func `A proxy in the environment is used`() async throws {
        let tapeline = try Tapeline()
        let proxy = try LoopbackServer(.init(201))
        let environment = ["http_proxy": proxy.url, "no_proxy": ""]
        let outcome = try await record("http://nobody.invalid/up/", of: tapeline, environment: environment)
        let recording = try outcome.recording()
        #expect(outcome.report?.exports.first?.recordingUrl == "http://nobody.invalid/up/\(recording.id).wav")
        // A proxy is asked for the whole URL.
        #expect(proxy.received.map(\.target) == ["http://nobody.invalid/up/\(recording.id).wav"])
        #expect(proxy.received.map(\.sha256) == [recording.sha256])
    }
}
