import Foundation
import InMemoryTracing
import RecorderIO
import RecordingExport
import Session
import TestSupport
import Testing
import Tracing

@Suite(.timeLimit(.minutes(10))) struct SessionEndTests {
    struct Refused: Error, CustomStringConvertible { var description = "refused, see /srv/secret" }

    // SES-4
    @Test func `The end goes in its order, with a probe in each step`() async throws {
        let stage = try Stage()
        let order = Journal<String>()
        let tracer = stage.tracer
        var options = stage.options()
        options.uploader = ScriptedUploader { session in
            #expect(stage.names == ["take.wav", "take.wav.json"])
            #expect(session.recording.file?.frameCount == 4000)
            #expect(session.jobID == "visit")
            #expect(session.chatHistory == Array(#"{"items":[]}"#.utf8))
            #expect(session.endedAt >= session.startedAt)
            order.append("upload")
        }
        try await JobContext.run(id: "visit") { [options] _ in
            let session = stage.session(options)
            try await session.start(recordingExporters: [
                ScriptedExporter(name: "a") { _ in
                    order.append("export a")
                    return RecordingExportResult(recordingID: "1")
                },
                ScriptedExporter(name: "b") { _ in
                    order.append("export b")
                    return nil
                },
            ])
            await session.setChatHistory(Array(#"{"items":[]}"#.utf8))
            await session.onEnd("first") { report in
                #expect(report.status == .attached)
                #expect(report.exports.map(\.exporter) == ["a", "b"])
                #expect(tracer.activeSpans.first?.attributes.get("lk.recording_id") == nil)
                #expect(ServiceContext.current?.inMemorySpanContext?.spanID == tracer.activeSpans.first?.spanID)
                order.append("callback first")
            }
            await session.onEnd("second") { _ in order.append("callback second") }
            await session.recordingEnded()
            let report = try #require(await session.close())
            order.append("closed")
            #expect(report.phases.map(\.phase) == [.finalize, .upload, .export, .callback, .callback])
            #expect(report.phases.map(\.name) == [nil, "primary", nil, "first", "second"])
            #expect(report.phases.allSatisfy { $0.outcome == .done && $0.error == nil })
            let written = try Data(contentsOf: URL(fileURLWithPath: "\(stage.path)/take.wav.json"))
            #expect(try JSONDecoder().decode(SessionReport.self, from: written) == report)
        }
        order.append(tracer.finishedSpans.isEmpty ? "span lost" : "span ended")
        #expect(
            order.values == [
                "upload", "export a", "export b", "callback first", "callback second", "closed", "span ended",
            ]
        )
        let events = try #require(tracer.finishedSpans.first).events.map(\.name)
        #expect(events == ["tapeline.upload", "tapeline.export", "tapeline.export"])
    }

    // SES-4, SES-9, EXP-2
    @Test func `Uploads and callbacks that throw, hang or block keep nothing from its turn`() async throws {
        let gate = Gate()
        defer { gate.open() }
        let uploads: [@Sendable (SessionUpload) async throws -> Void] = [
            { _ in throw Refused() }, { _ in await gate.wait() }, { _ in gate.block() },
        ]
        let outcomes: [SessionPhase.Outcome] = [.failed, .timeout, .timeout]
        for (upload, outcome) in zip(uploads, outcomes) {
            let stage = try Stage()
            let calls = Journal<String>()
            var options = stage.options()
            options.uploader = ScriptedUploader(timeLimit: .milliseconds(20), body: upload)
            let report = try await JobContext.run(id: "job") { [options] _ in
                let session = stage.session(options)
                try await session.start(recordingExporters: [
                    ScriptedExporter(name: "a") { _ in
                        calls.append("a")
                        return RecordingExportResult(recordingID: "1")
                    }
                ])
                await session.onEnd("throws") { _ in throw Refused() }
                await session.onEnd("hangs", timeLimit: .milliseconds(20)) { _ in await gate.wait() }
                await session.onEnd("blocks", timeLimit: .milliseconds(20)) { _ in gate.block() }
                await session.onEnd("good") { _ in calls.append("good") }
                return try #require(await session.close())
            }
            #expect(calls.values == ["a", "good"])
            #expect(report.phases.map(\.outcome) == [.done, outcome, .done, .failed, .timeout, .timeout, .done])
            #expect(report.phases[3].error == "refused, see /srv/secret")
            #expect(report.status == .attached)
            #expect(stage.tracer.finishedSpans.count == 1)
            let span = try #require(stage.tracer.finishedSpans.first)
            // SPAN-1, SPAN-3
            #expect(span.status == nil)
            let event = try #require(span.events.first)
            #expect(event.name == "tapeline.upload")
            #expect(!String(describing: event.attributes).contains("/srv/secret"))
        }
    }

    // EXP-7
    @Test func `A failed upload is told, unless a reference is attached`() async throws {
        let stage = try Stage()
        var options = stage.options()
        options.uploader = ScriptedUploader { _ in throw Refused() }
        let session = stage.session(options)
        try await session.start()
        let report = try #require(await session.close())
        #expect(report.status == .failed)
        #expect(report.exports == [])
        #expect(report.phases.last?.phase == .upload)
        #expect(stage.tracer.finishedSpans.first?.status == nil)
    }

    // SES-4
    @Test func `The whole end has a limit: what comes too late is not called, and the span ends`() async throws {
        let stage = try Stage()
        let gate = Gate()
        defer { gate.open() }
        let calls = Journal<String>()
        var options = stage.options(endLimit: .milliseconds(50))
        options.uploader = ScriptedUploader { _ in await gate.wait() }
        let report = try await JobContext.run(id: "job") { [options] _ in
            let session = stage.session(options)
            try await session.start(recordingExporters: [
                ScriptedExporter(name: "a") { _ in
                    calls.append("a")
                    return nil
                }
            ])
            await session.onEnd("late") { _ in calls.append("late") }
            await session.recordingEnded()
            return try #require(await session.close())
        }
        #expect(calls.values == [])
        #expect(report.recording?.frames == 4000)
        #expect(report.phases.map(\.outcome) == [.done, .timeout, .timeout, .timeout])
        #expect(report.status == .timeout)
        #expect(stage.tracer.finishedSpans.count == 1)
    }

    // SES-4: an overflow or a limit that one step takes from another would show here.
    @Test func `Unless told, the whole end has the time of all its steps`() async throws {
        let stage = try Stage()
        var options = stage.options(finalizeLimit: .seconds(60))
        options.endLimit = nil
        let report = try await JobContext.run(id: "job") { [options] _ in
            let session = stage.session(options)
            try await session.start(recordingExporters: [
                ScriptedExporter(name: "a", timeLimit: .milliseconds(20)) { _ in
                    try await Task.sleep(for: .seconds(3600))
                    return nil
                },
                ScriptedExporter(name: "b", timeLimit: .seconds(86400)) { _ in
                    RecordingExportResult(recordingID: "1")
                },
            ])
            return try #require(await session.close())
        }
        #expect(report.exports.map(\.outcome) == [.timeout, .attached])
    }

    // EXP-2
    @Test func `A late result changes nothing`() async throws {
        let stage = try Stage()
        let gate = Gate()
        let (ended, continuation) = AsyncStream.makeStream(of: Void.self)
        let report = try await JobContext.run(id: "job") { _ in
            let session = stage.session()
            try await session.start(recordingExporters: [
                ScriptedExporter(name: "late", timeLimit: .milliseconds(20)) { _ in
                    defer { continuation.yield() }
                    await gate.wait()
                    return RecordingExportResult(recordingURL: "https://late", traceAttributes: ["late": true])
                }
            ])
            return try #require(await session.close())
        }
        gate.open()
        for await _ in ended { break }
        let written = try Data(contentsOf: URL(fileURLWithPath: "\(stage.path)/take.wav.json"))
        #expect(try String(decoding: written, as: UTF8.self) == report.json())
        #expect(report.exports.map(\.outcome) == [.timeout])
        let span = try #require(stage.tracer.finishedSpans.first)
        #expect(span.attributes.get("lk.recording_url") == nil && span.attributes.get("late") == nil)
    }
}
