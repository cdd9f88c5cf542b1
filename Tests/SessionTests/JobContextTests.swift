import Foundation
import InMemoryTracing
import RecorderIO
import RecordingExport
import Session
import TestSupport
import Testing
import Tracing

@Suite(.timeLimit(.minutes(10))) struct JobContextTests {
    // SES-8
    @Test func `The primary session's span ends with its job, complete since close, and another's in close`()
        async throws
    {
        let stage = try Stage()
        let tracer = stage.tracer
        try await JobContext.run(id: "job") { _ in
            let primary = stage.session()
            try await primary.start(recordingExporters: [
                ScriptedExporter(name: "a") { _ in RecordingExportResult(recordingURL: "https://store/1") }
            ])
            let primaryID = try #require(tracer.activeSpans.first?.spanID)
            let other = stage.session()
            try await other.start()
            #expect(tracer.activeSpans.count == 2)
            _ = await other.close()
            #expect(tracer.finishedSpans.count == 1)
            #expect(tracer.activeSpans.map(\.spanID) == [primaryID])
            let report = try #require(await primary.close())
            #expect(report.status == .attached)
            // Held, but all is on it.
            #expect(tracer.finishedSpans.count == 1)
            let held = try #require(tracer.activeSpans.first)
            #expect(held.attributes.get("lk.recording_url") == .string("https://store/1"))
            #expect(await primary.close() == report)
            #expect(tracer.finishedSpans.count == 1)
        }
        #expect(tracer.activeSpans.isEmpty)
        #expect(tracer.finishedSpans.count == 2)
        #expect(tracer.finishedSpans.last?.attributes.get("tapeline.recording.status") == .string("attached"))
    }

    // SES-8
    @Test func `A job closes a primary session that still runs, also where it fails or is cancelled`() async throws {
        struct Broken: Error {}
        for isCancelled in [false, true] {
            let stage = try Stage()
            let calls = Journal<Int64>()
            let job = Task {
                try await JobContext.run(id: "job") { _ in
                    try await stage.session().start(recordingExporters: [
                        ScriptedExporter(name: "a") { recording in
                            calls.append(recording.file?.byteCount ?? 0)
                            return nil
                        }
                    ])
                    if isCancelled { unsafe withUnsafeCurrentTask { unsafe $0?.cancel() } }
                    try Task.checkCancellation()
                    throw Broken()
                }
            }
            let result = await job.result
            #expect(throws: (any Error).self) { try result.get() }
            #expect(calls.values.count == 1)
            #expect(stage.names == ["take.wav", "take.wav.json"])
            #expect(stage.tracer.activeSpans.isEmpty)
            #expect(stage.tracer.finishedSpans.count == 1)
        }
    }

    // SES-8
    @Test func `A held span has a greatest age`() async throws {
        let stage = try Stage()
        let clock = GateClock()
        var options = stage.options()
        options.spanHoldLimit = .seconds(1234)
        try await JobContext.run(id: "job", clock: clock) { _ in
            let session = stage.session(options)
            try await session.start()
            _ = await session.close()
            #expect(stage.tracer.finishedSpans.isEmpty)
            clock.gate.open()
            while stage.tracer.finishedSpans.isEmpty { await Task.yield() }
        }
        #expect(clock.sleeps.values == [.seconds(1234)])
        #expect(stage.tracer.finishedSpans.count == 1)
        #expect(stage.tracer.finishedSpans.first?.events.map(\.name) == ["tapeline.span.hold_limit"])
        #expect(stage.tracer.finishedSpans.first?.status == nil)
    }

    // SES-2, SES-8
    @Test func `A task that outlives its job is in none`() async throws {
        let stage = try Stage()
        let gate = Gate()
        let late = await JobContext.run(id: "job") { _ in
            #expect(JobContext.current?.id == "job")
            return Task {
                await gate.wait()
                #expect(JobContext.current == nil)
                let session = stage.session()
                await #expect(throws: SessionError.exportersNeedJob) {
                    try await session.start(recordingExporters: [ScriptedExporter(name: "a") { _ in nil }])
                }
                try await session.start()
                _ = await session.close()
            }
        }
        gate.open()
        try await late.value
        #expect(stage.tracer.activeSpans.isEmpty)
        #expect(stage.tracer.finishedSpans.count == 1)
    }
}
