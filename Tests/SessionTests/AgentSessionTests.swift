import Foundation
import InMemoryTracing
import Logging
import RecorderIO
import RecordingExport
import Session
import Synchronization
import TestSupport
import Testing
import Tracing

@Suite struct AgentSessionTests {
    // SES-3
    @Test func `Exporters outside of a job fail the start before anything is claimed`() async throws {
        let stage = try Stage()
        let session = stage.session()
        await #expect(throws: SessionError.exportersNeedJob) {
            try await session.start(recordingExporters: [ScriptedExporter(name: "a") { _ in nil }])
        }
        #expect(stage.names == [])
        #expect(stage.tracer.activeSpans.isEmpty && stage.tracer.finishedSpans.isEmpty)
        #expect(await session.close() == nil)
        // Nothing was claimed: the same session starts where it may.
        try await session.start()
        _ = await session.close()
        #expect(stage.names == ["take.wav", "take.wav.json"])
    }

    // SES-2, SES-3
    @Test func `A second session of a job may neither record nor export, and takes nothing away`() async throws {
        let stage = try Stage()
        try await JobContext.run(id: "job") { _ in
            let first = stage.session()
            try await first.start()
            let second = stage.session(stage.options(file: "second.wav"))
            await #expect(throws: SessionError.notPrimary) { try await second.start(record: true) }
            await #expect(throws: SessionError.notPrimary) {
                try await second.start(record: false, recordingExporters: [ScriptedExporter(name: "a") { _ in nil }])
            }
            #expect(stage.tracer.activeSpans.count == 1)
            // Not asked for: off.
            try await second.start()
            #expect(await second.recordingPath == nil)
            let report = await second.close()
            #expect(report?.status == .disabled)
            #expect(report?.recording == nil)
            #expect(await first.close()?.recording?.frames == 4000)
            // Primary until the job ends, not until it closes.
            let third = stage.session(stage.options(file: "third.wav"))
            await #expect(throws: SessionError.notPrimary) { try await third.start(record: true) }
        }
        #expect(stage.names == ["take.wav", "take.wav.json"])
    }

    // SES-3
    @Test func `A start that fails leaves no file, no span and no claim`() async throws {
        let stage = try Stage()
        try await JobContext.run(id: "job") { _ in
            let name = "fixture:FILE=/nowhere/at/all.wav"
            let failing = stage.session(stage.options(file: "a/b/take.wav", device: name))
            let error = await #expect(throws: SessionError.self) { try await failing.start() }
            #expect(error?.description.contains("tapeline devices") == true)
            #expect(stage.names == [])
            #expect(stage.tracer.activeSpans.isEmpty && stage.tracer.finishedSpans.isEmpty)
            let next = stage.session()
            try await next.start()
            #expect(await next.close()?.recording?.frames == 4000)
        }
    }

    // SES-3, REC-7
    @Test func `An existing file fails the start and stays as it was`() async throws {
        let stage = try Stage()
        try Data("mine".utf8).write(to: URL(fileURLWithPath: "\(stage.path)/take.wav"))
        let session = stage.session()
        await #expect(throws: SessionError.recorder(.exists(path: "\(stage.path)/take.wav"))) {
            try await session.start()
        }
        #expect(stage.names == ["take.wav"])
        #expect(try Data(contentsOf: URL(fileURLWithPath: "\(stage.path)/take.wav")) == Data("mine".utf8))
        #expect(stage.tracer.activeSpans.isEmpty)
    }

    // SES-5
    @Test func `Closing many times at once is one end, one export, one report`() async throws {
        let stage = try Stage()
        let calls = Journal<String>()
        try await JobContext.run(id: "job") { _ in
            let session = stage.session()
            try await session.start(recordingExporters: [
                ScriptedExporter(name: "a") { recording in
                    calls.append(recording.recordingID)
                    return RecordingExportResult(recordingID: "x")
                }
            ])
            await session.recordingEnded()
            let reports = await withTaskGroup { group in
                for _ in 0..<50 { group.addTask { await session.close() } }
                var reports: [SessionReport?] = []
                for await report in group { reports.append(report) }
                return reports
            }
            #expect(Set(reports).count == 1)
            #expect(reports.first??.status == .attached)
            #expect(await session.close() == reports[0])
        }
        #expect(calls.values.count == 1)
        #expect(stage.tracer.finishedSpans.count == 1)
        #expect(stage.tracer.activeSpans.isEmpty)
    }

    // SES-4
    @Test func `Exporters see a finalized file with its report, in order, before the span ends`() async throws {
        let stage = try Stage()
        let order = Journal<String>()
        try await JobContext.run(id: "job") { _ in
            let session = stage.session()
            let probe: @Sendable (String) -> ScriptedExporter = { name in
                ScriptedExporter(name: name) { recording in
                    order.append(name)
                    let file = try #require(recording.file)
                    #expect(file.path == "\(stage.path)/take.wav")
                    #expect(stage.names == ["take.wav", "take.wav.json"])
                    #expect(try SHA256.ofFile(atPath: file.path).hex == file.sha256)
                    #expect(stage.tracer.finishedSpans.isEmpty)
                    let written = try Data(contentsOf: URL(fileURLWithPath: "\(stage.path)/take.wav.json"))
                    #expect(try JSONDecoder().decode(SessionReport.self, from: written).recording?.frames == 4000)
                    return nil
                }
            }
            try await session.start(recordingExporters: [probe("first"), probe("second"), probe("third")])
            #expect(await session.recordingPath == "\(stage.path)/take.wav")
            await session.recordingEnded()
            _ = await session.close()
        }
        #expect(order.values == ["first", "second", "third"])
        #expect(stage.tracer.finishedSpans.map(\.operationName) == ["agent_session"])
    }

    // SES-7
    @Test func `After any number of closes nothing of a session is current`() async throws {
        let stage = try Stage()
        #expect(ServiceContext.current == nil)
        for index in 0..<8 {
            let session = stage.session(stage.options(file: "\(index).wav"))
            try await session.start()
            #expect(ServiceContext.current == nil)
            let inside = await session.withSpan { ServiceContext.current?.inMemorySpanContext?.spanID }
            #expect(inside == stage.tracer.activeSpans.first?.spanID)
            #expect(inside != nil)
            #expect(ServiceContext.current == nil)
            _ = await session.close()
            #expect(ServiceContext.current == nil)
        }
        // None is another's child.
        #expect(stage.tracer.finishedSpans.count == 8)
        #expect(stage.tracer.finishedSpans.allSatisfy { $0.parentSpanID == nil })
    }

    // SES-7
    @Test func `What exporters trace belongs to the session's span`() async throws {
        let stage = try Stage()
        let tracer = stage.tracer
        try await JobContext.run(id: "job") { _ in
            let session = stage.session()
            try await session.start(recordingExporters: [
                ScriptedExporter(name: "a") { _ in
                    tracer.startSpan("upload").end()
                    return nil
                }
            ])
            _ = await session.close()
        }
        let spans = stage.tracer.finishedSpans
        #expect(spans.map(\.operationName) == ["upload", "agent_session"])
        #expect(spans.first?.parentSpanID == spans.last?.spanID)
    }

    // SES-9, EXP-2, SPAN-1, SPAN-3
    @Test func `Exporters that throw, hang and block leave the good one's reference on a span that ends once`()
        async throws
    {
        let stage = try Stage()
        let gate = Gate()
        let report = try await JobContext.run(id: "job") { _ in
            let session = stage.session()
            try await session.start(recordingExporters: [
                ScriptedExporter(name: "throws") { recording in
                    throw NSError(domain: "at \(recording.file?.path ?? "")", code: 1)
                },
                ScriptedExporter(name: "hangs", timeLimit: .milliseconds(20)) { _ in
                    await gate.wait()
                    return RecordingExportResult(recordingURL: "https://late/hangs")
                },
                ScriptedExporter(name: "blocks", timeLimit: .milliseconds(20)) { _ in
                    gate.block()
                    return RecordingExportResult(recordingURL: "https://late/blocks")
                },
                ScriptedExporter(name: "good") { recording in
                    RecordingExportResult(
                        recordingURL: "https://store/\(recording.recordingID)",
                        traceAttributes: ["where": .string(recording.file?.path ?? ""), "bucket": "b"]
                    )
                },
            ])
            await session.recordingEnded()
            return try #require(await session.close())
        }
        gate.open()
        #expect(report.exports.map(\.outcome) == [.failed, .timeout, .timeout, .attached])
        #expect(report.status == .attached)
        #expect(stage.tracer.finishedSpans.count == 1)
        let span = try #require(stage.tracer.finishedSpans.first)
        let recordingID = try #require(report.recording?.id)
        #expect(span.attributes.get("lk.recording_url") == .string("https://store/\(recordingID)"))
        #expect(span.attributes.get("bucket") == .string("b"))
        #expect(span.attributes.get("tapeline.recording.status") == .string("attached"))
        #expect(span.status == nil)
        #expect(span.events.map(\.name) == [String](repeating: "tapeline.export", count: 4))
        #expect(!texts(of: span).contains { $0.contains(stage.path) })
    }

    // EXP-2, EXP-7
    @Test func `The chain runs without audio too`() async throws {
        let stage = try Stage()
        let calls = Journal<Bool>()
        let report = try await JobContext.run(id: "job") { _ in
            let session = stage.session()
            try await session.start(
                record: false,
                recordingExporters: [
                    ScriptedExporter(name: "a") { recording in
                        calls.append(recording.file == nil)
                        return nil
                    }
                ]
            )
            return try #require(await session.close())
        }
        #expect(calls.values == [true])
        #expect(report.status == .disabled)
        #expect(report.exports.map(\.outcome) == [.none])
        #expect(stage.names == [])
    }

    // CLI-1, EXP-7
    @Test func `Skipping the export leaves it deferred, and the recording finalized`() async throws {
        let stage = try Stage()
        let calls = Journal<String>()
        let report = try await JobContext.run(id: "job") { _ in
            let session = stage.session()
            try await session.start(recordingExporters: [
                ScriptedExporter(name: "a") { _ in
                    calls.append("a")
                    return nil
                }
            ])
            await session.recordingEnded()
            await session.skipExport()
            return try #require(await session.close())
        }
        #expect(calls.values == [])
        #expect(report.exports.map(\.outcome) == [.deferred])
        #expect(report.status == .deferred)
        #expect(report.recording?.frames == 4000)
    }

    // CLI-1
    @Test func `Skipping the export while it runs defers what has not delivered`() async throws {
        let stage = try Stage()
        let gate = Gate()
        let report = try await JobContext.run(id: "job") { _ in
            let session = stage.session()
            let (started, continuation) = AsyncStream.makeStream(of: Void.self)
            try await session.start(recordingExporters: [
                ScriptedExporter(name: "done") { _ in RecordingExportResult(recordingID: "id") },
                ScriptedExporter(name: "running", timeLimit: .seconds(600)) { _ in
                    continuation.yield()
                    await gate.wait()
                    return nil
                },
                ScriptedExporter(name: "waiting") { _ in nil },
            ])
            async let closed = session.close()
            for await _ in started { break }
            await session.skipExport()
            return try #require(await closed)
        }
        gate.open()
        #expect(report.exports.map(\.outcome) == [.attached, .deferred, .deferred])
        #expect(stage.tracer.finishedSpans.count == 1)
    }

    // SPAN-2
    @Test func `The span carries what became of the recording`() async throws {
        let stage = try Stage()
        let session = stage.session()
        try await session.start()
        await session.recordingEnded()
        let report = try #require(await session.close())
        let span = try #require(stage.tracer.finishedSpans.first)
        #expect(span.attributes.get("tapeline.recording.frames") == .int64(4000))
        #expect(span.attributes.get("tapeline.recording.duration_s") == .double(0.25))
        #expect(span.attributes.get("tapeline.recording.sha256") == .string(report.recording?.sha256 ?? ""))
        #expect(span.attributes.get("tapeline.recording.gap_count") == .int64(0))
        #expect(span.attributes.get("tapeline.recording.status") == .string("none"))
        #expect(span.attributes.get("tapeline.session.ended_at") == .string(report.endedAt ?? ""))
        #expect(span.attributes.get("lk.recording_path") == nil)
        #expect(!texts(of: span).contains { $0.contains(stage.path) })
    }

    // SPAN-4
    @Test func `A session without tracing records and exports as any other`() async throws {
        let stage = try Stage()
        let report = try await JobContext.run(id: "job") { _ in
            let session = AgentSession(stage.options(), tracer: NoOpTracer(), logger: .init(label: "test"))
            try await session.start(recordingExporters: [
                ScriptedExporter(name: "a") { recording in
                    #expect(recording.traceID == nil && recording.spanID == nil)
                    return RecordingExportResult(recordingID: "id")
                }
            ])
            await session.recordingEnded()
            return try #require(await session.close())
        }
        #expect(report.traceID == nil && report.spanID == nil)
        #expect(report.status == .attached)
        #expect(report.recording?.frames == 4000)
        #expect(stage.names == ["take.wav", "take.wav.json"])
    }

    // SPAN-3, SES-4, REC-7: someone else's file took the name meanwhile.
    @Test func `A recording that fails marks the span, and no one is handed another's file`() async throws {
        let stage = try Stage()
        let files = Journal<Bool>()
        let report = try await JobContext.run(id: "job") { _ in
            let session = stage.session()
            try await session.start(recordingExporters: [
                ScriptedExporter(name: "a") { recording in
                    files.append(recording.file == nil)
                    return nil
                }
            ])
            try Data("mine".utf8).write(to: URL(fileURLWithPath: "\(stage.path)/take.wav"))
            let report = try #require(await session.close())
            #expect(await session.failure == .exists(path: "\(stage.path)/take.wav"))
            return report
        }
        #expect(report.status == .failed)
        #expect(report.recording == nil)
        #expect(files.values == [true])
        #expect(stage.names == ["take.wav", "take.wav.part"])
        #expect(try Data(contentsOf: URL(fileURLWithPath: "\(stage.path)/take.wav")) == Data("mine".utf8))
        #expect(stage.tracer.finishedSpans.count == 1)
        let span = try #require(stage.tracer.finishedSpans.first)
        #expect(span.status?.code == .error)
        #expect(span.status?.message == "the file exists already")
        #expect(!texts(of: span).contains { $0.contains(stage.path) })
    }

    private func texts(of span: FinishedInMemorySpan) -> [String] {
        var texts: [String] = [span.operationName, "\(String(describing: span.status))"]
        span.attributes.forEach { key, value in texts += [key, "\(value)"] }
        for event in span.events { event.attributes.forEach { key, value in texts += [event.name, key, "\(value)"] } }
        return texts
    }
}
