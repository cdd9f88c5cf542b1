import Foundation
import LoopbackServer
import TestSupport
import Testing

/// The session's span on its way out of the program (SPAN-5).
@Suite(.timeLimit(.minutes(10))) struct TelemetryTests {
    private static let rotel: String? = {
        let libraries = BuiltProducts.packageRoot + "/.venv/lib"
        let versions = (try? FileManager.default.contentsOfDirectory(atPath: libraries)) ?? []
        return versions.map { "\(libraries)/\($0)/site-packages/rotel/rotel-agent" }
            .first { FileManager.default.isExecutableFile(atPath: $0) }
    }()

    private static let parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

    /// A port of loopback that nobody listens to.
    private func freePort() throws -> UInt16 {
        let server = try LoopbackServer(LoopbackServer.Reply(404))
        defer { server.close() }
        return server.port
    }

    @Test(.enabled(if: rotel != nil, "rotel is missing: install it with .ci/setup test"))
    func `An independent collector prints the span, its attributes and its events, sent as protobuf with gzip`()
        async throws
    {
        let tapeline = try Tapeline()
        let device = try tapeline.device(Ramp(), frames: 96000, "XRUN=24000:480")
        let (port, otherPort) = (try freePort(), try freePort())
        // Its standard output goes to standard error, where it can be waited for.
        let collector = try ChildProcess(
            "/bin/sh",
            ["-c", "exec \"$0\" \"$@\" >&2", try #require(Self.rotel), "start", "--exporter", "blackhole"]
                + ["--debug-log", "traces", "--debug-log-verbosity", "detailed"]
                + ["--otlp-http-endpoint", "127.0.0.1:\(port)", "--otlp-grpc-endpoint", "127.0.0.1:\(otherPort)"]
        )
        defer { collector.send(SIGKILL) }
        // It need not listen yet: a refused connection is tried again.
        let outcome = try await tapeline.record(
            device,
            ["--duration", "1", "--export", "dir:archive"],
            environment: [
                "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:\(port)", "OTEL_EXPORTER_OTLP_COMPRESSION": "gzip",
                "OTEL_SERVICE_NAME": "box 7", "TRACEPARENT": Self.parent,
            ]
        )
        let recording = try outcome.recording()
        let report = try #require(outcome.report)
        #expect(outcome.sentences.filter { $0.contains("error") } == [])
        #expect(try tapeline.spans().isEmpty)
        // What it prints last of the span.
        try await collector.says("-> outcome: Str(attached)")
        let printed = collector.standardError
        for line in [
            "Name           : agent_session", "Trace ID       : 0af7651916cd43dd8448eb211c80319c",
            "Parent ID      : b7ad6b7169203331", "ID             : \(report.spanId)", "-> service.name: Str(box 7)",
            "-> tapeline.recording.status: Str(attached)", "-> lk.recording_id: Str(\(recording.id))",
            "-> tapeline.recording.sha256: Str(\(recording.sha256))", "-> tapeline.recording.frames: Int(48000)",
            "-> tapeline.recording.gap_count: Int(1)", "-> tapeline.recording.gap_frames: Int(480)",
            "tapeline.gap", "tapeline.export", "Str(xrun)",
        ] {
            #expect(printed.contains(line), "\(printed)")
        }
        #expect(report.traceId == "0af7651916cd43dd8448eb211c80319c")
    }

    // CLI-3, SES-4
    @Test func `A collector that is not there costs two sentences and its timeout, and nothing else`()
        async throws
    {
        let tapeline = try Tapeline()
        let device = try tapeline.device(Ramp(), frames: 4800, "SPEED=max")
        let url = "http://127.0.0.1:\(try freePort())"
        let outcome = try await tapeline.record(
            device,
            environment: ["OTEL_EXPORTER_OTLP_ENDPOINT": url, "OTEL_EXPORTER_OTLP_TIMEOUT": "300"]
        )
        #expect(try outcome.recording().frames == 4800)
        let sentences = outcome.sentences
        #expect(sentences.count == 2, "\(sentences)")
        let kept = "tapeline: warning: Spans are kept, and sent again later: cannot export to \(url)/v1/traces: "
        #expect(sentences.first?.hasPrefix(kept) == true)
        #expect(
            sentences.last
                == "tapeline: warning: the session's span is kept, and delivered at a later start or recover: "
                + "check \(url)/v1/traces"
        )
    }

    @Test func `A parent in the environment has the session's span for a child`() async throws {
        let tapeline = try Tapeline()
        let device = try tapeline.device(Ramp(), frames: 4800, "SPEED=max")
        let outcome = try await tapeline.record(device, environment: ["TRACEPARENT": Self.parent])
        #expect(outcome.report?.traceId == "0af7651916cd43dd8448eb211c80319c")
        let span = try #require(try tapeline.spans().first)
        #expect(span.name == "agent_session")
        #expect(span.traceId == "0af7651916cd43dd8448eb211c80319c")
        #expect(span.parentSpanId == "b7ad6b7169203331")
    }

    // SPAN-4
    @Test(arguments: [
        ["OTEL_SDK_DISABLED": "true"], ["OTEL_TRACES_EXPORTER": "none"], ["OTEL_TRACES_SAMPLER": "always_off"],
    ]) func `With tracing off a recording is made and delivered all the same`(environment: [String: String])
        async throws
    {
        let tapeline = try Tapeline()
        let device = try tapeline.device(Ramp(), frames: 4800, "SPEED=max")
        let outcome = try await tapeline.record(device, ["--export", "dir:archive"], environment: environment)
        #expect(try outcome.recording().frames == 4800)
        #expect(outcome.report?.exports.map(\.outcome) == ["attached"])
        #expect(outcome.sentences.isEmpty)
        #expect(try tapeline.spans().isEmpty)
    }
}
