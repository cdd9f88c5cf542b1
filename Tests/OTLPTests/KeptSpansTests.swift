import Foundation
import HTTP
import LoopbackServer
import Synchronization
import TestSupport
import Testing
import Tracing

@testable import OTLP

/// Spans that a collector does not take yet: what is kept, what is sent again, and what is given up (DUR-3).
@Suite(.timeLimit(.minutes(10))) struct KeptSpansTests {
    private typealias Reply = LoopbackServer.Reply

    private let log = LogRecord()
    private let clock = ManualClock()
    private let store = ProbeStore()

    /// As `OTLPConfiguration` puts it together, but for the waits.
    private func tracer(
        _ exporter: any RequestExporter,
        _ batching: SpanBatching = .atOnce,
        backOff: RetryPolicy = RetryPolicy(base: .zero)
    ) -> OTLPTracer {
        let access = SpanStoreAccess(store)
        let delivery = SpanDelivery(
            from: access,
            by: exporter,
            batching: batching,
            backOff: backOff,
            logger: log.logger,
            clock: clock
        )
        let queue = QueueingSpanProcessor(
            exporter: KeepingSpanExporter(store: access, delivery: delivery, exporter: exporter, logger: log.logger),
            resource: .test,
            scope: .test,
            logger: log.logger
        )
        return OTLPTracer(processor: KeepingSpanProcessor(queue, delivery, of: access, clock: clock))
    }

    /// Tries each request once.
    private func http(_ url: String, timeout: Duration = .seconds(60)) throws -> OTLPHTTPExporter {
        var options = OTLPHTTPOptions(url: try HTTPURL(url + "/v1/traces"))
        options.timeout = timeout
        return OTLPHTTPExporter(
            options,
            version: "1.2.3",
            retryPolicy: RetryPolicy(attemptLimit: 1),
            logger: log.logger
        )
    }

    private func request(_ names: String...) throws -> [UInt8] {
        let processor = ProbeProcessor()
        for name in names { OTLPTracer(processor: processor).startSpan(name, context: .topLevel).end() }
        return try ExportRequest(SpanBatch(resource: .test, scope: .test, spans: processor.spans)).bytes(.protobuf)
    }

    /// Advances the clock again and again, so that no wait is ever in the way.
    private func withPassingTime<Value>(_ body: () async -> Value) async -> Value {
        let time = Task { [clock] in
            while !Task.isCancelled {
                clock.advance(by: .milliseconds(100))
                do { try await Task.sleep(for: .milliseconds(1)) } catch { return }
            }
        }
        defer { time.cancel() }
        return await body()
    }

    @Test func `A flush is over when spans are kept, whatever the collector does, and the shutdown waits for it`() async
    {
        let exporter = ProbeRequestExporter(isOpen: false)
        let tracer = tracer(exporter)
        tracer.startSpan("a", context: .topLevel).end()
        #expect(await tracer.forceFlush(timeout: .seconds(3600)) == .kept)
        #expect(store.kept.map(\.spanCount) == [1])
        async let outcome = tracer.shutdown(timeout: .seconds(3600))
        _ = await exporter.hasStarted.value(within: nil, on: clock)
        exporter.gate.fulfil(true)
        #expect(await outcome == .complete)
        #expect(exporter.requests == [["a"]])
        #expect(store.kept.isEmpty)
        #expect(log.lines.isEmpty)
    }

    @Test func `What dead processes left goes at once and first, in one request, and in order`() async throws {
        store.leave(try request("a", "b"), spanCount: 2)
        store.leave(try request("c"))
        let exporter = ProbeRequestExporter()
        let tracer = tracer(exporter)
        let outcome = await withPassingTime {
            _ = await exporter.hasStarted.value(within: nil, on: ContinuousClock())
            tracer.startSpan("d", context: .topLevel).end()
            return await tracer.shutdown(timeout: .seconds(1_000_000))
        }
        #expect(outcome == .complete)
        #expect(exporter.requests == [["a", "b", "c"], ["d"]])
        #expect(store.kept.isEmpty)
    }

    @Test func `One request has no more spans than a batch, and the next waits for a tenth of a second`() async throws {
        for name in ["a", "b", "c", "d", "e"] { store.leave(try request(name)) }
        let exporter = ProbeRequestExporter()
        let tracer = tracer(exporter, SpanBatching(delay: .zero, exportTimeout: nil, largestBatchCount: 2))
        await clock.sleeps(1)
        #expect(exporter.requests == [["a", "b"]])
        clock.advance(by: .milliseconds(99))
        #expect(exporter.requests == [["a", "b"]])
        clock.advance(by: .milliseconds(1))
        await clock.sleeps(2)
        #expect(exporter.requests == [["a", "b"], ["c", "d"]])
        #expect(await withPassingTime { await tracer.shutdown(timeout: .seconds(1_000_000)) } == .complete)
        #expect(exporter.requests == [["a", "b"], ["c", "d"], ["e"]])
    }

    @Test(arguments: [401, 403, 404, 407, 415, 429, 502, 503, 504])
    func `What may pass is kept, told once, and delivered when it has`(status: Int) async throws {
        let server = try LoopbackServer(Reply(status), Reply(status), Reply(200))
        defer { server.close() }
        let tracer = tracer(try http(server.url))
        tracer.startSpan("a", context: .topLevel).end()
        var arrivals = server.arrivals.makeAsyncIterator()
        for _ in 0..<3 { _ = await arrivals.next() }
        #expect(await withPassingTime { await tracer.shutdown(timeout: .seconds(1_000_000)) } == .complete)
        #expect(store.kept.isEmpty)
        #expect(Set(server.received.map(\.sha256)).count == 1)
        #expect(log.lines.count == 1)
        #expect(log.lines.first?.hasPrefix("warning: Spans are kept, and sent again later: cannot export to ") == true)
        #expect(log.lines.first?.hasSuffix(" count=1") == true)
    }

    @Test func `A page, a refused connection and a hang are passing, too`() async throws {
        let portal = try LoopbackServer(Reply(200, ["Content-Type": "text/html"], body: "<html>Log in</html>"))
        defer { portal.close() }
        let absent = try LoopbackServer(Reply(200))
        absent.close()
        let hanging = try LoopbackServer(Reply(200, .hang))
        defer { hanging.close() }
        for server in [portal, absent, hanging] {
            // Nobody waits for an hour.
            let tracer = tracer(
                try http(server.url, timeout: .milliseconds(300)),
                backOff: RetryPolicy(base: .seconds(3600))
            )
            tracer.startSpan("a", context: .topLevel).end()
            #expect(await withPassingTime { await tracer.shutdown(timeout: .seconds(1_000_000)) } == .kept)
        }
        #expect(store.kept.count == 3)
        #expect(log.lines.count == 3)
        #expect(log.lines.allSatisfy { $0.hasPrefix("warning: Spans are kept, and sent again later: ") })
    }

    @Test(arguments: [400, 413, 500]) func `What is refused is told and given up, and nothing beside it`(
        status: Int
    ) async throws {
        for name in ["good", "bad", "fine"] { store.leave(try request(name)) }
        let refusing = ProbeRequestExporter(refusing: ["bad"], with: status)
        let tracer = tracer(refusing)
        #expect(await withPassingTime { await tracer.shutdown(timeout: .seconds(1_000_000)) } == .complete)
        #expect(refusing.requests == [["good"], ["fine"]])
        #expect(store.kept.isEmpty)
        #expect(log.lines.count == 1)
        #expect(log.lines.first?.hasPrefix("error: Spans were lost: cannot export to ") == true)
        #expect(log.lines.first?.hasSuffix(" count=1") == true)
    }

    @Test func `A partial success is logged, and none of it kept`() async throws {
        let answer = #"{"partialSuccess":{"rejectedSpans":"1","errorMessage":"too old"}}"#
        let server = try LoopbackServer(Reply(200, ["Content-Type": "application/json"], body: answer))
        defer { server.close() }
        let tracer = tracer(try http(server.url))
        tracer.startSpan("a", context: .topLevel).end()
        #expect(await tracer.shutdown(timeout: .seconds(3600)) == .complete)
        #expect(store.kept.isEmpty)
        #expect(log.lines == ["warning: The collector rejected 1 of 1 spans: too old"])
    }

    @Test func `Retry-After is waited for, and what comes meanwhile does not shorten it`() async throws {
        let server = try LoopbackServer(Reply(503, ["Retry-After": "120"]), Reply(200))
        defer { server.close() }
        let tracer = tracer(try http(server.url))
        tracer.startSpan("a", context: .topLevel).end()
        await clock.sleeps(1)
        tracer.startSpan("b", context: .topLevel).end()
        #expect(await tracer.forceFlush(timeout: .seconds(3600)) == .kept)
        clock.advance(by: .seconds(119))
        #expect(server.received.count == 1)
        clock.advance(by: .seconds(1))
        var arrivals = server.arrivals.makeAsyncIterator()
        for _ in 0..<2 { _ = await arrivals.next() }
        #expect(await withPassingTime { await tracer.shutdown(timeout: .seconds(1_000_000)) } == .complete)
        #expect(server.received.count == 2)
    }

    // SES-4
    @Test func `The shutdown's time over, the export is cancelled, and all is kept`() async throws {
        let exporter = HangingExporter()
        let tracer = tracer(exporter)
        tracer.startSpan("a", context: .topLevel).end()
        _ = await exporter.hasStarted.value(within: nil, on: clock)
        tracer.startSpan("b", context: .topLevel).end()
        #expect(await tracer.forceFlush(timeout: .seconds(3600)) == .kept)
        #expect(await withPassingTime { await tracer.shutdown(timeout: .seconds(10)) } == .kept)
        while log.lines.isEmpty { try await Task.sleep(for: .milliseconds(1)) }
        #expect(log.lines == ["warning: Spans are kept, and sent again later: Cancelled() count=1"])
        #expect(store.kept.map(\.spanCount) == [1, 1])
        #expect(exporter.exportCount == 1)
    }

    @Test func `A batch waits for its delay, also where it is on the disk already`() async throws {
        let exporter = ProbeRequestExporter()
        let tracer = tracer(exporter, SpanBatching(delay: .seconds(5), exportTimeout: nil, largestBatchCount: 3))
        // The look at what others have left.
        _ = await store.isRead.value(within: nil, on: clock)
        tracer.startSpan("a", context: .topLevel).end()
        while store.kept.count < 1 { try await Task.sleep(for: .milliseconds(1)) }
        #expect(exporter.requests.isEmpty)
        tracer.startSpan("b", context: .topLevel).end()
        tracer.startSpan("c", context: .topLevel).end()
        // A full batch does not wait.
        #expect(await exporter.hasStarted.value(within: nil, on: ContinuousClock()) == true)
        #expect(await withPassingTime { await tracer.shutdown(timeout: .seconds(1_000_000)) } == .complete)
        #expect(exporter.requests.flatMap(\.self) == ["a", "b", "c"])
    }

    @Test func `What cannot be kept is sent at once, and told`() async {
        store.refuse(keep: false)
        let exporter = ProbeRequestExporter()
        let tracer = tracer(exporter)
        tracer.startSpan("a", context: .topLevel).end()
        #expect(await tracer.shutdown(timeout: .seconds(3600)) == .complete)
        #expect(exporter.requests == [["a"]])
        #expect(log.lines == ["error: Spans are sent without being kept: no room left count=1"])
    }

    @Test func `What was delivered but cannot be struck out is not sent again`() async {
        store.refuse(strike: false)
        let exporter = ProbeRequestExporter()
        let tracer = tracer(exporter)
        tracer.startSpan("a", context: .topLevel).end()
        #expect(await exporter.hasStarted.value(within: nil, on: clock) == true)
        #expect(await tracer.forceFlush(timeout: .seconds(3600)) == .kept)
        tracer.startSpan("b", context: .topLevel).end()
        #expect(await withPassingTime { await tracer.shutdown(timeout: .seconds(1_000_000)) } == .kept)
        #expect(exporter.requests.count == 1)
        #expect(store.kept.count == 2)
        #expect(
            log.lines == [
                "error: No more spans are sent until the next start, which sends some a second time: no room left"
            ]
        )
    }

    @Test func `What is kept and cannot be read is told, and looked for again`() async throws {
        store.refuse(read: false)
        let exporter = ProbeRequestExporter()
        let tracer = tracer(exporter)
        tracer.startSpan("a", context: .topLevel).end()
        while log.lines.isEmpty { try await Task.sleep(for: .milliseconds(1)) }
        store.refuse()
        #expect(await exporter.hasEnded.value(within: nil, on: ContinuousClock()) == true)
        #expect(await withPassingTime { await tracer.shutdown(timeout: .seconds(1_000_000)) } == .complete)
        #expect(exporter.requests == [["a"]])
        #expect(log.lines == ["warning: Spans that are kept cannot be read: no room left"])
    }

    @Test func `What is damaged is told and struck out, and the rest delivered`() async throws {
        store.leave(Array("no request".utf8), spanCount: 3)
        store.leave(try request("good"))
        store.leave(try request("counted wrongly"), spanCount: 2)
        store.leave([])
        store.leave(Array(try request("cut off").dropLast()))
        let exporter = ProbeRequestExporter()
        let tracer = tracer(exporter)
        #expect(await withPassingTime { await tracer.shutdown(timeout: .seconds(1_000_000)) } == .complete)
        #expect(exporter.requests == [["good"]])
        #expect(store.kept.isEmpty)
        let damaged = "error: Spans were lost: what was kept of them is damaged count="
        #expect(log.lines == ["\(damaged)3", "\(damaged)2", "\(damaged)1", "\(damaged)1"])
    }

    @Test func `What the store drops is counted and told`() async {
        store.drop(7)
        let tracer = tracer(ProbeRequestExporter())
        tracer.startSpan("a", context: .topLevel).end()
        #expect(await tracer.shutdown(timeout: .seconds(3600)) == .complete)
        #expect(
            log.lines == ["error: Spans were lost: no collector has taken them, and the store holds no more count=7"]
        )
    }

    /// Through the store as through none, in every form.
    @Test(.enabled(if: Receiver.isInstalled, "opentelemetry-proto is missing: install it with .ci/setup test"))
    func `Every field arrives as it was, at a collector or in the file, as protobuf and as JSON`() async throws {
        let folder = try TemporaryFolder()
        let receiver = try await Receiver()
        func tracer(_ environment: [String: String]) throws -> OTLPTracer {
            var configuration = OTLPConfiguration(
                environment: environment,
                spansFilePath: folder.path + "/spans.jsonl",
                version: "1.2.3",
                logger: log.logger
            )
            configuration.resource = .test
            configuration.limits = FullSpan.limits
            return try configuration.makeTracer(keepingIn: store)
        }
        // A request whose answer is late is sent again.
        let endpoint = ["OTEL_EXPORTER_OTLP_ENDPOINT": receiver.url, "OTEL_EXPORTER_OTLP_TIMEOUT": "3600000"]
        let first = try tracer(endpoint)
        let span = try FullSpan.end(in: first)
        // It must not send what the others find.
        #expect(await first.shutdown(timeout: .seconds(3600)) == .complete)

        let earlier = try FullSpan.end(in: tracer(["OTEL_SDK_DISABLED": "true"]))
        #expect(store.kept.isEmpty)
        let kept = ProbeProcessor()
        let other = try FullSpan.end(in: OTLPTracer(processor: kept, limits: FullSpan.limits))
        let batch = SpanBatch(resource: .test, scope: .test, spans: kept.spans)
        store.leave(try ExportRequest(batch).bytes(.protobuf))
        let json = endpoint.merging(["OTEL_EXPORTER_OTLP_PROTOCOL": "http/json"]) { $1 }
        #expect(await (try tracer(json)).shutdown(timeout: .seconds(3600)) == .complete)
        store.leave(try ExportRequest(batch).bytes(.protobuf))
        #expect(await (try tracer([:])).shutdown(timeout: .seconds(3600)) == .complete)

        let file = try String(contentsOfFile: folder.path + "/spans.jsonl", encoding: .utf8)
        let line = try JSONSerialization.jsonObject(with: Data(file.utf8)) as? NSDictionary
        #expect(try receiver.received().map(\.message) == [FullSpan.request(span), FullSpan.request(other)])
        #expect(line == FullSpan.request(other))
        #expect(!file.contains(earlier.spanContext.spanID.hex))
        #expect(log.lines.isEmpty)
    }
}
