import Foundation
import LoopbackServer
import Synchronization
import TestSupport
import Testing

/// The program whose collector is away: it ends as it would, and the spans arrive later (DUR-3).
@Suite(
    .enabled(if: Receiver.isInstalled, "opentelemetry-proto is missing: install it with .ci/setup test"),
    .timeLimit(.minutes(10))
)
struct KeptSpansTests {
    private typealias Reply = LoopbackServer.Reply

    private func device(_ tapeline: Tapeline) throws -> String {
        try tapeline.device(Ramp(), frames: 4800, "SPEED=max")
    }

    /// What sends spans there, one try for each pass unless the limit is longer.
    private func collector(_ url: String, timeout: Int = 300) -> [String: String] {
        ["OTEL_EXPORTER_OTLP_ENDPOINT": url, "OTEL_EXPORTER_OTLP_TIMEOUT": "\(timeout)"]
    }

    /// A collector that is away: nobody listens there.
    private func absentURL() throws -> String {
        let server = try LoopbackServer(Reply(404))
        defer { server.close() }
        return server.url
    }

    private func spans(_ receiver: Receiver) throws -> [Span] {
        try receiver.received().flatMap { received in
            let data = try JSONSerialization.data(withJSONObject: received.message)
            let request = try JSONDecoder().decode(Span.Request.self, from: data)
            return request.resourceSpans.flatMap { $0.scopeSpans.flatMap(\.spans) }
        }
    }

    /// Each report's session has one span, in this order, with its ids and its times.
    private func check(_ spans: [Span], _ reports: [Report]) throws {
        #expect(spans.map(\.spanId) == reports.map(\.spanId))
        for (span, report) in zip(spans, reports) {
            #expect(span.name == "agent_session")
            #expect(span.traceId == report.traceId)
            #expect(span["tapeline.recording.sha256"] == report.recording?.sha256)
            let start = try #require(Double(span.startTimeUnixNano)) / 1e9
            let end = try #require(Double(span.endTimeUnixNano)) / 1e9
            #expect(abs(start - (try secondsSince1970(report.startedAt))) < 0.1)
            #expect(end >= start)
            #expect(abs(end - (try secondsSince1970(report.endedAt))) < 5)
        }
    }

    // CLI-3, SPAN-5
    @Test func `Spans of runs without a collector arrive when it is back, oldest first, each once`() async throws {
        let tapeline = try Tapeline()
        let device = try device(tapeline)
        let busy = try LoopbackServer(Reply(503))
        defer { busy.close() }
        let hanging = try LoopbackServer(Reply(200, .hang))
        defer { hanging.close() }
        var reports: [Report] = []
        // The last takes the program's whole limit for telemetry.
        for (url, timeout) in [(try absentURL(), 300), (busy.url, 300), (hanging.url, 300), (hanging.url, 60000)] {
            let environment = collector(url, timeout: timeout)
            let outcome = try await tapeline.record(device, ["--export", "dir:archive"], environment: environment)
            #expect(try outcome.recording().frames == 4800)
            #expect(outcome.sentences.allSatisfy { $0.hasPrefix("tapeline: warning: ") }, "\(outcome.standardError)")
            let kept = "tapeline: warning: the session's span is kept, and delivered at a later start or recover: "
            #expect(outcome.sentences.contains("\(kept)check \(url)/v1/traces"), "\(outcome.standardError)")
            reports.append(try #require(outcome.report))
        }
        let receiver = try await Receiver()
        let environment = collector(receiver.url, timeout: 60000)
        let outcome = try await tapeline.record(device, environment: environment)
        #expect(try outcome.recording().frames == 4800)
        #expect(outcome.sentences.isEmpty, "\(outcome.standardError)")
        reports.append(try #require(outcome.report))
        try check(try spans(receiver), reports)
        // Once is enough.
        #expect(try await tapeline.run(["recover", "--state", tapeline.state], environment: environment).exitCode == 0)
        #expect(try spans(receiver).count == reports.count)
        #expect(try tapeline.spans().isEmpty)
    }

    @Test func `Spans that were kept go to the file where no collector is named any more`() async throws {
        let tapeline = try Tapeline()
        let outcome = try await tapeline.record(try device(tapeline), environment: collector(try absentURL()))
        let report = try #require(outcome.report)
        let off = try await tapeline.run(
            ["recover", "--state", tapeline.state],
            environment: ["OTEL_SDK_DISABLED": "true"]
        )
        #expect(off.exitCode == 0)
        for _ in 0..<2 {
            #expect(try await tapeline.run(["recover", "--state", tapeline.state]).exitCode == 0)
            try check(try tapeline.spans(), [report])
        }
    }

    // DUR-2: power may go while the collector is asked.
    @Test func `Killed while its span is on the way, a session has that span once, and no second one`() async throws {
        let tapeline = try Tapeline()
        // By the server's own thread: the program waits for no more than 10 s, and the tests' tasks may have to wait longer.
        let process = Mutex<ChildProcess?>(nil)
        let isKnown = DispatchSemaphore(value: 0)
        let hanging = try LoopbackServer { _, _ in
            isKnown.wait()
            process.withLock { $0?.send(SIGKILL) }
            return Reply(200, .hang)
        }
        defer { hanging.close() }
        let running = try tapeline.start(
            try device(tapeline),
            ["--export", "dir:archive"],
            environment: collector(hanging.url, timeout: 60000)
        )
        process.withLock { $0 = running.process }
        isKnown.signal()
        #expect(try await running.process.ended().signal == SIGKILL)
        let path = try #require(tapeline.folder.contents.first { $0.hasSuffix(".wav.json") })
        let report = try Data(contentsOf: URL(fileURLWithPath: "\(tapeline.folder.path)/\(path)"))

        // While the next recording goes on: the span that was written down, not one of the recovery.
        let receiver = try await Receiver()
        let environment = collector(receiver.url, timeout: 60000)
        let ramp = Ramp("S16_LE", channels: 2, rate: 48000)
        let endless = try tapeline.device(ramp, frames: ramp.cycle, "LOOP=1")
        let next = try tapeline.start(endless, environment: environment)
        try await next.isRecording()
        while try spans(receiver).isEmpty, next.process.isRunning { try await Task.sleep(for: .milliseconds(5)) }
        try check(try spans(receiver), [try Report.decoder.decode(Report.self, from: report)])
        next.process.send(SIGTERM)
        let outcome = try await next.ended()
        #expect(try outcome.recording().frames > 0)
        #expect(try await tapeline.run(["recover", "--state", tapeline.state], environment: environment).exitCode == 0)
        #expect(try spans(receiver).map(\.isRecovered) == [false, false])
    }

    // DUR-2
    @Test func `The span of a recording that was recovered is kept likewise`() async throws {
        let tapeline = try Tapeline()
        let ramp = Ramp("S16_LE", channels: 2, rate: 48000)
        let running = try tapeline.start(try tapeline.device(ramp, frames: ramp.cycle, "LOOP=1"))
        try await running.isRecording()
        try await Task.sleep(for: .seconds(1.2))
        running.process.send(SIGKILL)
        _ = try await running.process.ended()
        let arguments = ["recover", "--state", tapeline.state, "--json"]
        let outcome = try await tapeline.run(arguments, environment: collector(try absentURL()))
        #expect(outcome.exitCode == 0)
        let reports = try Report.decoder.decode([Report].self, from: Data(outcome.standardOutput.utf8))
        #expect(reports.count == 1)
        let receiver = try await Receiver()
        let environment = collector(receiver.url, timeout: 60000)
        #expect(try await tapeline.run(arguments, environment: environment).standardOutput == "[]\n")
        try check(try spans(receiver), reports)
        #expect(try spans(receiver).map(\.isRecovered) == [true])
    }

    @Test func `Two that start at once deliver what was kept once between them`() async throws {
        let tapeline = try Tapeline()
        let device = try device(tapeline)
        var ids: [String] = []
        for _ in 0..<4 {
            let outcome = try await tapeline.record(device, environment: collector(try absentURL(), timeout: 50))
            ids.append(try #require(outcome.report).spanId)
        }
        let receiver = try await Receiver()
        let environment = collector(receiver.url, timeout: 60000)
        try await withThrowingTaskGroup(of: String?.self) { group in
            for _ in 0..<2 {
                group.addTask {
                    let outcome = try await tapeline.record(device, environment: environment)
                    #expect(outcome.exitCode == 0)
                    #expect(outcome.sentences.isEmpty, "\(outcome.standardError)")
                    return outcome.report?.spanId
                }
            }
            for try await id in group { ids.append(try #require(id)) }
        }
        let received = try spans(receiver).map(\.spanId)
        #expect(received.sorted() == ids.sorted())
        // Oldest first: whoever had them sent them in order.
        #expect(received.filter(ids.prefix(4).contains) == Array(ids.prefix(4)))
    }

    // CLI-3: a disk that is full costs neither the recording nor the span.
    @Test(.enabled(if: SmallFileSystem.isAvailable, "needs the right to mount"))
    func `Where nothing can be kept the collector gets the span at once`() async throws {
        let disk = try SmallFileSystem(byteCount: 1 << 20)
        let tapeline = try Tapeline()
        let receiver = try await Receiver()
        let ramp = Ramp("S16_LE", channels: 2, rate: 48000)
        let running = try tapeline.start(
            try tapeline.device(ramp, frames: ramp.cycle, "LOOP=1"),
            ["--state", disk.path, "--output", "take.wav"],
            environment: collector(receiver.url, timeout: 60000)
        )
        try await running.isRecording()
        try Data().write(to: URL(fileURLWithPath: disk.path + "/full"))
        let file = try #require(FileHandle(forWritingAtPath: disk.path + "/full"))
        for _ in 0..<256 where (try? file.write(contentsOf: Data(count: 4096))) == nil { break }
        running.process.send(SIGTERM)
        let outcome = try await running.ended()
        let report = try #require(outcome.report)
        #expect(try outcome.recording().frames > 0)
        #expect(outcome.standardError.contains("tapeline: error: Spans are sent without being kept: \(disk.path)/"))
        try check(try spans(receiver), [report])
    }

    @Test(.enabled(if: SmallFileSystem.isAvailable, "needs the right to mount"))
    func `Where the state folder is read-only the collector gets the span at once`() async throws {
        let disk = try SmallFileSystem(byteCount: 1 << 20)
        try disk.makeReadOnly()
        let tapeline = try Tapeline()
        let receiver = try await Receiver()
        let outcome = try await tapeline.record(
            try device(tapeline),
            ["--state", disk.path, "--output", "take.wav"],
            environment: collector(receiver.url, timeout: 60000)
        )
        #expect(try outcome.recording().frames == 4800)
        #expect(outcome.standardError.contains("nothing is kept for the case that this process dies"))
        try check(try spans(receiver), [try #require(outcome.report)])
    }
}
