import Foundation
import LoopbackServer
import TestSupport
import Testing

/// `tapeline record --upload livekit:ROOM-ID`: before the exports, whatever becomes of it.
@Suite(.timeLimit(.minutes(10))) struct UploadTests {
    private func record(
        _ server: LoopbackServer,
        of tapeline: Tapeline,
        container: String = "ogg-opus",
        secret: String? = "secret"
    ) async throws -> Outcome {
        var environment = ["no_proxy": "127.0.0.1", "LIVEKIT_OBSERVABILITY_URL": server.url, "LIVEKIT_API_KEY": "key"]
        environment["LIVEKIT_API_SECRET"] = secret ?? ""
        let device = try tapeline.device(Ramp(), frames: 48000, "SPEED=max")
        return try await tapeline.record(
            device,
            ["--container", container, "--upload", "livekit:RM_x", "--export", "\(server.url)/archive/"],
            environment: environment
        )
    }

    // SES-4, EXP-8
    @Test func `The upload comes before the exports, and the report and the span tell of it`() async throws {
        let tapeline = try Tapeline()
        let server = try LoopbackServer(.init(200), .init(201))
        let outcome = try await record(server, of: tapeline)
        let recording = try outcome.recording()
        #expect(
            server.received.map(\.target) == ["/observability/recordings/v0", "/archive/\(recording.id).opus"]
        )
        #expect(server.received.first?.headers["authorization"]?.hasPrefix("Bearer ey") == true)
        #expect(outcome.report?.status == "attached")
        let object = try JSONSerialization.jsonObject(with: Data(outcome.standardOutput.utf8)) as? [String: Any]
        let phases = try #require(object?["phases"] as? [[String: Any]])
        #expect(phases.map { $0["phase"] as? String } == ["finalize", "upload", "export"])
        #expect(phases.map { $0["outcome"] as? String } == ["done", "done", "done"])
        #expect(phases[1]["name"] as? String == "livekit")
    }

    // EXP-2, EXP-7, CLI-3
    @Test func `An upload that fails keeps no exporter from its turn, and costs the exit code`() async throws {
        let tapeline = try Tapeline()
        let server = try LoopbackServer(.init(500), .init(201))
        let outcome = try await record(server, of: tapeline)
        let recording = try outcome.recording(exitCode: 75)
        // It may have arrived: it is not sent again.
        #expect(server.received.map(\.target).last == "/archive/\(recording.id).opus")
        #expect(server.received.count == 2)
        #expect(outcome.report?.status == "attached")
        #expect(outcome.standardError.contains("it answered 500"))
        #expect(!outcome.standardError.contains("secret"))
    }

    // CLI-3
    @Test func `Where the environment lacks something, nothing is recorded`() async throws {
        let tapeline = try Tapeline()
        let server = try LoopbackServer(.init(200))
        let outcome = try await record(server, of: tapeline, secret: nil)
        #expect(outcome.exitCode == 78)
        #expect(outcome.standardError.contains("set LIVEKIT_API_KEY and LIVEKIT_API_SECRET"))
        #expect(server.received.isEmpty)
        #expect(!FileManager.default.fileExists(atPath: tapeline.state + "/recordings"))
        let wrong = try await tapeline.run(["record", "--upload", "elsewhere:x"])
        #expect(wrong.exitCode == 64)
    }
}
