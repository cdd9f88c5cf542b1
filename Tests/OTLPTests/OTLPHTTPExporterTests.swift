import Foundation
import HTTP
import LoopbackServer
import Synchronization
import Testing
import Tracing

@testable import OTLP

/// Each answer that a collector can give, handled as OTLP has it (SPAN-5).
@Suite(.serialized, .timeLimit(.minutes(10))) struct OTLPHTTPExporterTests {
    private typealias Reply = LoopbackServer.Reply

    private let log = LogRecord()
    private let pauses = Pauses()
    private let policy = RetryPolicy(base: .milliseconds(500), cap: .seconds(8), attemptLimit: 4)

    /// How long the exporter would have waited.
    private final class Pauses: Sendable {
        private let lengths = Mutex<[Duration]>([])
        var all: [Duration] { lengths.withLock { $0 } }
        func add(_ length: Duration) { lengths.withLock { $0.append(length) } }
    }

    private func exporter(
        _ url: String,
        _ change: (inout OTLPHTTPOptions) -> Void = { _ in }
    ) throws -> OTLPHTTPExporter {
        var options = OTLPHTTPOptions(url: try HTTPURL(url + "/v1/traces"))
        options.timeout = .seconds(600)
        change(&options)
        var exporter = OTLPHTTPExporter(options, version: "1.2.3", retryPolicy: policy, logger: log.logger)
        exporter.pause = { [pauses] in pauses.add($0) }
        return exporter
    }

    private func batch(count: Int = 1) -> SpanBatch {
        let processor = ProbeProcessor()
        for _ in 0..<count { OTLPTracer(processor: processor).startSpan("a", context: .topLevel).end() }
        return SpanBatch(resource: .test, scope: .test, spans: processor.spans)
    }

    private func failure(_ exporter: OTLPHTTPExporter) async -> OTLPExportError? {
        await #expect(throws: OTLPExportError.self) { try await exporter.export(batch()) }
    }

    /// A `google.rpc.Status` with this message, in protobuf: field 2, a string.
    private static func status(_ message: String) -> String {
        "\u{12}\(UnicodeScalar(UInt8(message.utf8.count)))\(message)"
    }

    private static let protobuf = ["Content-Type": "application/x-protobuf"]
    private static let json = ["Content-Type": "application/json; charset=utf-8"]

    @Test(arguments: [OTLPEncoding.protobuf, .json], [false, true])
    func `A batch is one POST that says what it is and who sends it`(encoding: OTLPEncoding, isCompressed: Bool)
        async throws
    {
        let server = try LoopbackServer(Reply(200))
        defer { server.close() }
        let exporter = try exporter(server.url) {
            $0.encoding = encoding
            $0.isCompressed = isCompressed
            $0.headers = [.init("api-key", "secret", isSecret: true), .init("content-type", "text/plain")]
        }
        try await exporter.export(batch())
        let request = try #require(server.received.first)
        #expect(server.received.count == 1)
        #expect(request.method == "POST")
        #expect(request.target == "/v1/traces")
        #expect(request.headers["content-type"] == encoding.contentType)
        #expect(request.headers["content-encoding"] == (isCompressed ? "gzip" : nil))
        #expect(request.headers["user-agent"] == "tapeline/1.2.3 OTel-OTLP-Exporter-Swift/1.2.3")
        #expect(request.headers["api-key"] == "secret")
        #expect(log.lines.isEmpty)
    }

    @Test(arguments: [429, 502, 503, 504])
    func `What passes is tried again with the same bytes, after a wait with jitter`(status: Int) async throws {
        let server = try LoopbackServer(Reply(status), Reply(status), Reply(200))
        defer { server.close() }
        try await exporter(server.url).export(batch())
        #expect(server.received.count == 3)
        #expect(Set(server.received.map(\.sha256)).count == 1)
        #expect(pauses.all.count == 2)
        for (pause, bound) in zip(pauses.all, [0.5, 1]) { #expect((0..<bound).contains(pause / .seconds(1))) }
        #expect(log.lines.isEmpty)
    }

    @Test(arguments: [
        ("Retry-After", ["Retry-After": "7"]),
        ("a date", ["Retry-After": "Fri, 31 Dec 1999 23:59:59 GMT", "Date": "Fri, 31 Dec 1999 23:59:52 GMT"]),
    ])
    func `Retry-After is waited for to the second, in seconds and as a date`(name: String, headers: [String: String])
        async throws
    {
        for status in [429, 503] {
            let server = try LoopbackServer(Reply(status, headers), Reply(200))
            defer { server.close() }
            try await exporter(server.url).export(batch())
            #expect(server.received.count == 2)
        }
        #expect(pauses.all == [.seconds(7), .seconds(7)])
    }

    @Test func `A wait that is longer than the time left is not begun`() async throws {
        let server = try LoopbackServer(Reply(429, ["Retry-After": "3600"]))
        defer { server.close() }
        let error = await failure(try exporter(server.url))
        #expect(server.received.count == 1)
        #expect(pauses.all.isEmpty)
        #expect(
            error?.description == "cannot export to \(server.url)/v1/traces: it answered 429 and asks to wait 3600 s: "
                + "send less, or raise the collector's limit"
        )
    }

    @Test func `A server that never recovers is asked as often as the policy says`() async throws {
        let server = try LoopbackServer(Reply(503, body: "overloaded\n"))
        defer { server.close() }
        let error = await failure(try exporter(server.url))
        #expect(server.received.count == 4)
        #expect(pauses.all.count == 3)
        #expect(
            error?.description == "cannot export to \(server.url)/v1/traces: it answered 503 (\"overloaded\"): "
                + "look in the collector's log"
        )
    }

    @Test(arguments: [301, 302, 400, 401, 403, 404, 408, 413, 415, 425, 500, 501, 505])
    func `Any other status ends the export at once, whatever Retry-After says`(status: Int) async throws {
        let server = try LoopbackServer(Reply(status, ["Retry-After": "1", "Location": "/elsewhere"]))
        defer { server.close() }
        let error = await failure(try exporter(server.url))
        #expect(server.received.count == 1)
        #expect(pauses.all.isEmpty)
        #expect(error?.isRetryable == false)
        #expect(error?.description.contains("it answered \(status): ") == true)
    }

    @Test(arguments: [
        (protobuf, status("no such \u{1B}[31mtenant")),
        (json, #"{"code":3,"message":"no such \u001b[31mtenant","x":1}"#),
        (["Content-Type": "text/plain"], "no such \u{1B}[31mtenant\n"), ([:], "no such \n [31mtenant"),
    ])
    func `A refusal is told in the server's words, from protobuf, JSON or text`(headers: [String: String], body: String)
        async throws
    {
        let server = try LoopbackServer(Reply(400, headers, body: body))
        defer { server.close() }
        #expect(
            await failure(try exporter(server.url))?.description
                == "cannot export to \(server.url)/v1/traces: it answered 400 (\"no such [31mtenant\"): "
                + "look in the collector's log"
        )
    }

    @Test(arguments: [
        // partial_success { rejected_spans: 3, error_message: "too old" }
        (protobuf, "\u{0A}\u{0B}\u{08}\u{03}\u{12}\u{07}too old", "The collector rejected 3 of 5 spans: too old"),
        (
            json, #"{"partialSuccess":{"rejectedSpans":"3","errorMessage":"too old"}}"#,
            "The collector rejected 3 of 5 spans: too old"
        ),
        (protobuf, "\u{0A}\u{02}\u{08}\u{03}", "The collector rejected 3 of 5 spans: it does not say why"),
        (
            json, #"{"partialSuccess":{"errorMessage":"use v2"}}"#,
            "The collector took all spans, and remarks: use v2"
        ),
    ])
    func `A partial success is logged, and neither repeated nor a failure`(
        headers: [String: String],
        body: String,
        line: String
    ) async throws {
        let server = try LoopbackServer(Reply(200, headers, body: body))
        defer { server.close() }
        try await exporter(server.url).export(batch(count: 5))
        #expect(server.received.count == 1)
        #expect(log.lines == ["warning: \(line)"])
    }

    @Test(arguments: [
        (protobuf, ""), (json, "{}"), (json, #"{"partialSuccess":{}}"#), (protobuf, "\u{0A}\u{00}"), (json, "no JSON"),
        (protobuf, "\u{07}"), ([:], "ok"),
    ])
    func `A success without a remark is just one`(headers: [String: String], body: String) async throws {
        let server = try LoopbackServer(Reply(200, headers, body: body))
        defer { server.close() }
        try await exporter(server.url).export(batch())
        #expect(log.lines.isEmpty)
    }

    @Test func `A page with 200 is no success`() async throws {
        let server = try LoopbackServer(Reply(200, ["Content-Type": "text/html"], body: "<html>Log in</html>"))
        defer { server.close() }
        #expect(
            await failure(try exporter(server.url))?.description
                == "cannot export to \(server.url)/v1/traces: it answered 200 with a page: "
                + "check the endpoint, and whether a proxy or a login is in between"
        )
    }

    @Test func `A server that hangs ends with the timeout, and is not asked again`() async throws {
        let server = try LoopbackServer(Reply(200, .hang))
        defer { server.close() }
        let error = await failure(try exporter(server.url) { $0.timeout = .milliseconds(300) })
        #expect(pauses.all.isEmpty)
        #expect(
            error?.description.hasPrefix("cannot export to \(server.url)/v1/traces: it did not answer in time: ")
                == true
        )
    }

    @Test func `A connection that is refused is tried again`() async throws {
        let server = try LoopbackServer(Reply(200))
        let url = server.url
        server.close()
        let error = await failure(try exporter(url))
        #expect(pauses.all.count == 3)
        #expect(error?.isRetryable == true)
        #expect(error?.description.hasSuffix(": check the endpoint, and that the collector runs") == true)
    }

    @Test func `A connection that is lost before the answer is tried again`() async throws {
        let server = try LoopbackServer(Reply(200, .close(afterByteCount: 1)), Reply(200))
        defer { server.close() }
        try await exporter(server.url).export(batch())
        #expect(pauses.all.count == 1)
        #expect(server.received.count == 2)
    }

    @Test func `To another origin no secret goes along, and none is ever logged`() async throws {
        let target = try LoopbackServer(Reply(400, body: "no"))
        defer { target.close() }
        let server = try LoopbackServer(Reply(307, ["Location": target.url + "/v1/traces"]))
        defer { server.close() }
        let exporter = try exporter(server.url) { $0.headers = [.init("api-key", "hunter2", isSecret: true)] }
        let error = await failure(exporter)
        #expect(server.received.first?.headers["api-key"] == "hunter2")
        #expect(target.received.count == 1)
        #expect(target.received.first?.headers["api-key"] == nil)
        #expect(target.received.first?.byteCount == server.received.first?.byteCount)
        #expect(error?.description.contains("hunter2") == false)
    }

    @Test func `Many exports that hang leave Swift's threads to others, and end when they are cancelled`() async throws
    {
        let server = try LoopbackServer(Reply(200, .hang))
        defer { server.close() }
        let count = 8
        let ended = Pauses()
        let exports = try (0..<count).map { _ in
            let exporter = try exporter(server.url)
            let batch = batch()
            return Task.detached {
                defer { ended.add(.zero) }
                try await exporter.export(batch)
            }
        }
        var arrivals = server.arrivals.makeAsyncIterator()
        for _ in 0..<count { _ = await arrivals.next() }
        #expect(ended.all.isEmpty)
        for export in exports { export.cancel() }
        for export in exports {
            let error = await #expect(throws: OTLPExportError.self) { try await export.value }
            #expect(error?.description.contains(": it was cancelled: ") == true)
        }
    }
}
