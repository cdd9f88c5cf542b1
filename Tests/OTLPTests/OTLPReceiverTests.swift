import Foundation
import TestSupport
import Testing
import Tracing

@testable import OTLP

/// What goes over the wire, as somebody else's code reads it.
@Suite(
    .serialized,
    .enabled(if: Receiver.isInstalled, "opentelemetry-proto is missing: install it with .ci/setup test"),
    .timeLimit(.minutes(10))
)
struct OTLPReceiverTests {
    private let log = LogRecord()

    private func tracer(_ environment: [String: String], limits: SpanLimits = SpanLimits()) throws -> OTLPTracer {
        var configuration = OTLPConfiguration(
            environment: ["OTEL_EXPORTER_OTLP_TIMEOUT": "600000"].merging(environment) { $1 },
            spansFilePath: "/nonexistent/spans.jsonl",
            version: "1.2.3",
            logger: log.logger
        )
        configuration.resource = .test
        configuration.limits = limits
        return try configuration.makeTracer()
    }

    // SPAN-5
    @Test(arguments: [
        ["OTEL_EXPORTER_OTLP_COMPRESSION": "gzip"], ["OTEL_EXPORTER_OTLP_PROTOCOL": "http/json"], [:],
        ["OTEL_EXPORTER_OTLP_PROTOCOL": "http/json", "OTEL_EXPORTER_OTLP_COMPRESSION": "gzip"],
    ])
    func `Every field arrives as it is`(environment: [String: String]) async throws {
        let receiver = try await Receiver()
        let endpoint = ["OTEL_EXPORTER_OTLP_ENDPOINT": receiver.url]
        let tracer = try tracer(environment.merging(endpoint) { $1 }, limits: FullSpan.limits)
        let span = try FullSpan.end(in: tracer)
        #expect(await tracer.shutdown(timeout: .seconds(600)) == .complete)
        let received = try receiver.received()
        #expect(received.count == 1)
        #expect(received.first?.message == FullSpan.request(span))
        #expect(received.first?.path == "/v1/traces")
        #expect(log.lines.isEmpty)
    }

    @Test func `A server's own authority is trusted by OTEL_EXPORTER_OTLP_CERTIFICATE alone`() async throws {
        let files = try await Certificates()
        let receiver = try await Receiver(files.server, files.serverKey)
        let endpoint = ["OTEL_EXPORTER_OTLP_ENDPOINT": "https://localhost:\(receiver.port)"]
        for (environment, outcome) in [
            (["OTEL_EXPORTER_OTLP_CERTIFICATE": files.authority], FlushOutcome.complete), ([:], .failed),
        ] {
            let tracer = try tracer(endpoint.merging(environment) { $1 })
            tracer.startSpan("a", context: .topLevel).end()
            #expect(await tracer.shutdown(timeout: .seconds(600)) == outcome, "\(log.lines)")
        }
        #expect(try receiver.received().count == 1)
        #expect(log.lines.count == 1)
        #expect(log.lines.first?.contains(": name its authority in OTEL_EXPORTER_OTLP_CERTIFICATE, and") == true)
    }

    @Test func `A server that asks for a client's certificate gets it`() async throws {
        let files = try await Certificates()
        let receiver = try await Receiver(files.server, files.serverKey, files.authority)
        let trust = [
            "OTEL_EXPORTER_OTLP_ENDPOINT": "https://localhost:\(receiver.port)",
            "OTEL_EXPORTER_OTLP_CERTIFICATE": files.authority,
        ]
        let limit = ["OTEL_EXPORTER_OTLP_TIMEOUT": "2000"]
        let proof = [
            "OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE": files.client,
            "OTEL_EXPORTER_OTLP_CLIENT_KEY": files.clientKey,
        ]
        for (environment, outcome) in [
            (trust.merging(proof) { $1 }, FlushOutcome.complete), (trust.merging(limit) { $1 }, .failed),
        ] {
            let tracer = try tracer(environment)
            tracer.startSpan("a", context: .topLevel).end()
            #expect(await tracer.shutdown(timeout: .seconds(600)) == outcome, "\(log.lines)")
        }
        #expect(try receiver.received().count == 1)
    }
}

/// An authority, and a server and a client that it vouches for, made by openssl.
private struct Certificates {
    private let folder: TemporaryFolder

    init() async throws {
        folder = try TemporaryFolder()
        let key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"]
        try await run(["req", "-x509"] + key + ["-subj", "/CN=test authority", "-keyout", "ca.key", "-out", "ca.pem"])
        for name in ["server", "client"] {
            let issuer = ["-CA", "ca.pem", "-CAkey", "ca.key"]
            let subject = ["-subj", "/CN=\(name)", "-addext", "subjectAltName=DNS:localhost"]
            let files = ["-keyout", "\(name).key", "-out", "\(name).pem"]
            try await run(["req", "-x509"] + key + issuer + subject + files)
        }
    }

    var authority: String { folder.path + "/ca.pem" }
    var server: String { folder.path + "/server.pem" }
    var serverKey: String { folder.path + "/server.key" }
    var client: String { folder.path + "/client.pem" }
    var clientKey: String { folder.path + "/client.key" }

    private func run(_ arguments: [String]) async throws {
        let ending = try await ChildProcess.run("/usr/bin/env", ["openssl"] + arguments, in: folder.path)
        try #require(ending.exitCode == 0, "\(ending.standardError)")
    }
}
