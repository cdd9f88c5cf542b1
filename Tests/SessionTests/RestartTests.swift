import Foundation
import InMemoryTracing
import RecorderIO
import RecordingExport
import RecordingStore
import Session
import TestSupport
import Testing
import Tracing

@Suite(.timeLimit(.minutes(10))) struct RestartTests {
    /// A device that plays on where the last recording ended, and recordings of 0.25 s.
    private func options(_ stage: Stage, files: Bool = true) -> SessionOptions {
        var options = stage.options(device: Microphones.fixture("ramp-s16-2ch.wav", "SPEED=max,LOOP=1"))
        options.durationSeconds = 0.25
        if !files { options.place = .directory(path: stage.path) }
        return options
    }

    private func named(_ name: String, _ calls: Journal<String>) -> ScriptedExporter {
        ScriptedExporter(name: name) { recording in
            calls.append("\(name) \(URL(fileURLWithPath: recording.file?.path ?? "none").lastPathComponent)")
            return nil
        }
    }

    // SES-6
    @Test func `Restarts end the earlier run first, keep every recording, and keep the exporters unless replaced`()
        async throws
    {
        let stage = try Stage()
        let calls = Journal<String>()
        try await JobContext.run(id: "job") { _ in
            let session = stage.session(options(stage))
            try await session.start(recordingExporters: [named("a", calls)])
            await session.recordingEnded()
            // While it runs.
            try await session.start()
            #expect(stage.tracer.finishedSpans.count == 1)
            #expect(stage.tracer.activeSpans.count == 1)
            #expect(calls.values == ["a take.wav"])
            await session.recordingEnded()
            let second = try #require(await session.close())
            // After it was closed: its span was held, and ends now.
            try await session.start(recordingExporters: [named("b", calls)])
            #expect(stage.tracer.finishedSpans.count == 2)
            await session.recordingEnded()
            try await session.start(recordingExporters: [])
            await session.recordingEnded()
            let last = try #require(await session.close())
            #expect(second.recording?.path == "\(stage.path)/take-01.wav")
            #expect(last.recording?.path == "\(stage.path)/take-03.wav")
            #expect(second.recording?.id != last.recording?.id)
        }
        #expect(calls.values == ["a take.wav", "a take-01.wav", "b take-02.wav"])
        let recordings = ["take-01.wav", "take-02.wav", "take-03.wav", "take.wav"]
        #expect(stage.names == recordings.flatMap { [$0, "\($0).json"] })
        for name in recordings {
            let written = try Data(contentsOf: URL(fileURLWithPath: "\(stage.path)/\(name).json"))
            let report = try JSONDecoder().decode(SessionReport.self, from: written)
            #expect(report.recording?.frames == 4000)
            #expect(report.recording?.path == "\(stage.path)/\(name)")
        }
        let spans = stage.tracer.finishedSpans
        #expect(spans.count == 4)
        #expect(Set(spans.map(\.traceID)).count == 4)
        #expect(spans.allSatisfy { $0.parentSpanID == nil })
    }

    // SES-6
    @Test func `A run that restarts in its own span is not its parent, and a caller's span still is`() async throws {
        let stage = try Stage()
        let session = stage.session(options(stage, files: false))
        let outer = stage.tracer.startSpan("outer")
        try await ServiceContext.withValue(outer.context) {
            try await session.start()
            try await session.withSpan {
                let inner = stage.tracer.startSpan("inner")
                try await ServiceContext.withValue(inner.context) { try await session.start() }
                inner.end()
            }
        }
        _ = await session.close()
        outer.end()
        let sessions = stage.tracer.finishedSpans.filter { $0.operationName == "agent_session" }
        #expect(sessions.count == 2)
        #expect(sessions.allSatisfy { $0.parentSpanID == outer.spanID })
        #expect(stage.names.filter { $0.hasSuffix("/recording.wav") }.count == 2)
    }

    // SES-3, SES-6
    @Test func `A restart that fails has ended the earlier run, and leaves nothing of its own`() async throws {
        let stage = try Stage()
        try Data("mine".utf8).write(to: URL(fileURLWithPath: "\(stage.path)/take-01.wav"))
        try await JobContext.run(id: "job") { _ in
            let session = stage.session(options(stage))
            try await session.start()
            await session.recordingEnded()
            await #expect(throws: SessionError.recorder(.exists(path: "\(stage.path)/take-01.wav"))) {
                try await session.start()
            }
            #expect(stage.tracer.activeSpans.isEmpty)
            let report = try #require(await session.close())
            #expect(report.recording?.frames == 4000)
            #expect(stage.names == ["take-01.wav", "take.wav", "take.wav.json"])
            // It is the primary one still.
            await #expect(throws: SessionError.notPrimary) { try await stage.session().start(record: true) }
        }
        #expect(stage.tracer.finishedSpans.count == 1)
    }

    // SES-6
    @Test func `Starting twice at once is one start`() async throws {
        let stage = try Stage()
        let session = stage.session(options(stage))
        try await session.start()
        async let first: Void = session.start()
        async let second: Void = session.start()
        var failures = 0
        do { try await first } catch let error as SessionError where error == .starting { failures += 1 }
        do { try await second } catch let error as SessionError where error == .starting { failures += 1 }
        #expect(failures <= 1)
        _ = await session.close()
        #expect(stage.tracer.activeSpans.isEmpty)
        #expect(stage.tracer.finishedSpans.count == 3 - failures)
        #expect(stage.names.filter { $0.hasSuffix(".wav") }.count == 3 - failures)
    }
}
