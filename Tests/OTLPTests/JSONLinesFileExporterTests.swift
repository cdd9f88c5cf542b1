import Foundation
import Testing
import Tracing

@testable import OTLP

@Suite struct JSONLinesFileExporterTests {
    /// A folder of its own, deleted with the test.
    private final class Folder {
        let path = NSTemporaryDirectory() + "tapeline-otlp-" + UUID().uuidString
        init() throws { try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false) }
        deinit { try? FileManager.default.removeItem(atPath: path) }
    }

    private let folder: Folder
    private var path: String { folder.path + "/state/tapeline/spans.jsonl" }

    init() throws { folder = try Folder() }

    private func tracer(limits: SpanLimits = SpanLimits(), log: LogRecord = LogRecord()) throws -> OTLPTracer {
        OTLPTracer(
            exporter: try JSONLinesFileExporter(path: path),
            resource: .test,
            scope: .test,
            limits: limits,
            logger: log.logger
        )
    }

    private func lines() throws -> [String] {
        let text = try String(contentsOfFile: path, encoding: .utf8)
        #expect(text.isEmpty || text.hasSuffix("\n"))
        return text.split(separator: "\n", omittingEmptySubsequences: false).dropLast().map(String.init)
    }

    private func json(_ line: String) throws -> NSDictionary {
        try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? NSDictionary)
    }

    private func mode(_ path: String) throws -> NSNumber? {
        try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? NSNumber
    }

    // SPAN-5
    @Test func `A line is an export request of OTLP JSON, with every field in its place`() async throws {
        let tracer = try tracer(limits: FullSpan.limits)
        let span = try FullSpan.end(in: tracer)
        #expect(await tracer.shutdown(timeout: .seconds(600)) == .complete)
        let lines = try lines()
        #expect(lines.count == 1)
        #expect(try json(lines[0]) == FullSpan.request(span))
    }

    @Test func `What a span does not have is not in its line`() async throws {
        let tracer = try tracer()
        let span = tracer.startSpan("a", context: .topLevel, at: Moment(1))
        span.end(at: Moment(2))
        _ = await tracer.shutdown(timeout: .seconds(600))
        let ids = span.spanContext
        #expect(
            try lines() == [
                #"{"resourceSpans":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"test"}}]},"#
                    + #""scopeSpans":[{"scope":{"name":"tapeline","version":"1.2.3"},"#
                    + #""spans":[{"traceId":"\#(ids.traceID)","spanId":"\#(ids.spanID)","name":"a","kind":1,"#
                    + #""startTimeUnixNano":"1","endTimeUnixNano":"2","flags":257}]}]}]}"#
            ]
        )
    }

    @Test(arguments: [SpanKind.internal, .server, .client, .producer, .consumer])
    func `Kinds have opentelemetry-proto's numbers`(kind: SpanKind) async throws {
        let tracer = try tracer()
        tracer.startSpan("a", context: .topLevel, ofKind: kind).end()
        _ = await tracer.shutdown(timeout: .seconds(600))
        let numbers: [SpanKind: Int] = [.internal: 1, .server: 2, .client: 3, .producer: 4, .consumer: 5]
        #expect(try lines().first?.contains("\"kind\":\(try #require(numbers[kind])),") == true)
    }

    @Test func `Folders and file are made, for their owner only, and lines are added to what is there`() async throws {
        for name in ["first", "second"] {
            let tracer = try tracer()
            tracer.startSpan(name, context: .topLevel).end()
            #expect(await tracer.shutdown(timeout: .seconds(600)) == .complete)
        }
        let lines = try lines()
        #expect(lines.count == 2)
        #expect(lines[0].contains("\"name\":\"first\""))
        #expect(lines[1].contains("\"name\":\"second\""))
        #expect(try mode(path) == 0o600)
        #expect(try mode(folder.path + "/state") == 0o700)
        #expect(try mode(folder.path + "/state/tapeline") == 0o700)
    }

    // DUR-3
    @Test func `A line that was cut off costs none but itself`() async throws {
        let tracer = try tracer()
        tracer.startSpan("first", context: .topLevel).end()
        #expect(await tracer.forceFlush(timeout: .seconds(600)) == .complete)
        let whole = try Data(contentsOf: URL(fileURLWithPath: path))
        try (whole + whole.prefix(50)).write(to: URL(fileURLWithPath: path))
        tracer.startSpan("second", context: .topLevel).end()
        #expect(await tracer.shutdown(timeout: .seconds(600)) == .complete)
        let lines = try lines()
        #expect(lines.count == 3)
        #expect(lines[1].utf8.count == 50)
        #expect(try json(lines[2])["resourceSpans"] != nil)
    }

    @Test func `A file that was moved away is made anew`() async throws {
        let tracer = try tracer()
        try FileManager.default.removeItem(atPath: folder.path + "/state")
        tracer.startSpan("a", context: .topLevel).end()
        #expect(await tracer.shutdown(timeout: .seconds(600)) == .complete)
        #expect(try lines().count == 1)
    }

    @Test func `Several writers of one file do not mix their lines`() async throws {
        let tracers = try (0..<4).map { _ in try tracer() }
        await withTaskGroup { group in
            for tracer in tracers {
                group.addTask {
                    for _ in 0..<50 {
                        let span = tracer.startSpan("a", context: .topLevel)
                        span.attributes["long"] = String(repeating: "x", count: 10_000)
                        span.end()
                        #expect(await tracer.forceFlush(timeout: .seconds(600)) == .complete)
                    }
                }
            }
        }
        let lines = try lines().filter { !$0.isEmpty }
        #expect(lines.count == 200)
        for line in lines { _ = try json(line) }
    }

    @Test func `A path that cannot be is told at the start, in one sentence`() throws {
        let blocked = folder.path + "/file"
        try Data().write(to: URL(fileURLWithPath: blocked))
        let error = #expect(throws: SpansFileError.self) { try JSONLinesFileExporter(path: blocked + "/spans.jsonl") }
        #expect(error?.call == .open)
        #expect(error?.code == ENOTDIR)
        #expect(error?.isRetryable == false)
        #expect(
            error?.description
                == "spans cannot be kept in \(blocked)/spans.jsonl (open: Not a directory): make it writable, or choose another folder"
        )
    }

    @Test func `A link to nowhere among the folders is an error, not an endless search`() throws {
        let link = folder.path + "/link"
        try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: folder.path + "/nowhere")
        let error = #expect(throws: SpansFileError.self) { try JSONLinesFileExporter(path: link + "/a/spans.jsonl") }
        #expect(error?.call == .mkdir)
    }

    @Test func `A full disk loses the batch aloud, and may be tried again`() async throws {
        let log = LogRecord()
        let tracer = OTLPTracer(
            exporter: try JSONLinesFileExporter(path: "/dev/full"),
            resource: .test,
            scope: .test,
            logger: log.logger
        )
        tracer.startSpan("a", context: .topLevel).end()
        _ = await tracer.shutdown(timeout: .seconds(600))
        #expect(
            log.lines == [
                "error: Spans were lost: spans cannot be kept in /dev/full (write: No space left on device): "
                    + "make room there, or choose another folder count=1"
            ]
        )
    }
}
