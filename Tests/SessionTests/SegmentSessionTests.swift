import Capture
import Foundation
import InMemoryTracing
import Logging
import RecorderIO
import RecordingExport
import RecordingStore
import Session
import TestSupport
import Testing
import Tracing

/// A session whose recording is in segments (REC-10).
@Suite(.timeLimit(.minutes(10))) struct SegmentSessionTests {
    private func options(_ stage: Stage, seconds: Double = 0.05) throws -> SessionOptions {
        var options = stage.options()
        // 4000 frames at 16 kHz.
        options.segments = try SegmentOptions(Segmentation(seconds: seconds), name: try SegmentName("%v"))
        return options
    }

    // REC-10, SES-4, EXP-1: once for each segment, then once for the manifest; the span has what that returned.
    @Test func `Exporters are called for each segment, then for the manifest`() async throws {
        let stage = try Stage()
        let calls = Journal<SessionRecording>()
        let exporter = ScriptedExporter(name: "a") { recording in
            calls.append(recording)
            return RecordingExportResult(recordingURL: "https://host/\(recording.recordingID)", recordingID: "x")
        }
        let report = try await JobContext.run(id: "job") { _ in
            let session = stage.session(try options(stage))
            try await session.start(recordingExporters: [exporter])
            await session.recordingEnded()
            return await session.close()
        }
        let recording = try #require(report?.recording)
        let segments = try #require(recording.segments)
        #expect(segments.map(\.firstFrame) == [0, 800, 1600, 2400, 3200])
        #expect(segments.allSatisfy { $0.frames == 800 })
        #expect(recording.frames == 4000)
        #expect(calls.values.map(\.recordingID) == segments.map(\.id) + [recording.id])
        #expect(
            calls.values.map { $0.file?.mediaType } == Array(repeating: "audio/wav", count: 5) + ["application/json"]
        )
        #expect(calls.values.last?.file?.sha256 == recording.sha256)
        #expect(Set(calls.values.map(\.spanID)).count == 1)
        #expect(stage.tracer.finishedSpans.map(\.operationName) == ["agent_session"])
        let attributes = try #require(stage.tracer.finishedSpans.first?.attributes)
        #expect(attributes.get("lk.recording_url") == .string("https://host/\(recording.id)"))
        #expect(attributes.get("tapeline.recording.frames") == .int64(4000))
        #expect(attributes.get("tapeline.recording.segment_count") == .int64(5))
        #expect(stage.names.count == 12)
    }

    // REC-10, EXP-2: recording and its end wait for no exporter beyond the limits.
    @Test func `An exporter that hangs keeps neither recording nor the other segments' turn`() async throws {
        let stage = try Stage()
        let gate = Gate()
        let calls = Journal<String>()
        let exporter = ScriptedExporter(name: "slow", timeLimit: .milliseconds(50)) { recording in
            calls.append(recording.recordingID)
            await gate.wait()
            return nil
        }
        let report = try await JobContext.run(id: "job") { _ in
            let session = stage.session(try options(stage))
            try await session.start(recordingExporters: [exporter])
            await session.recordingEnded()
            return await session.close()
        }
        gate.open()
        let recording = try #require(report?.recording)
        #expect(recording.frames == 4000)
        #expect(recording.segments?.count == 5)
        #expect(report?.status == .timeout)
        #expect(report?.phases.map(\.name).contains("segments") == true)
        #expect(calls.values == (recording.segments ?? []).map(\.id) + [recording.id])
        #expect(stage.tracer.finishedSpans.count == 1)
    }

    // SES-3
    @Test func `A start that fails leaves nothing`() async throws {
        let stage = try Stage()
        var failing = try options(stage)
        failing.input = .device(CaptureOptions(deviceName: "fixture:FILE=/nowhere/at/all.wav"))
        failing.place = .file(path: "\(stage.path)/new/take.wav")
        await #expect(throws: SessionError.self) { try await stage.session(failing).start() }
        #expect(stage.names == [])
        #expect(stage.tracer.activeSpans.isEmpty && stage.tracer.finishedSpans.isEmpty)
    }

    // SES-3
    @Test func `Segments and the primary upload exclude each other`() async throws {
        let stage = try Stage()
        var options = try options(stage)
        options.uploader = ScriptedUploader { _ in }
        let error = await #expect(throws: SessionError.self) { try await stage.session(options).start() }
        #expect(error?.description.contains("leave out one of the two") == true)
        #expect(stage.names == [])
    }

    // SES-6, REC-7
    @Test func `Each start of a session has a manifest of its own`() async throws {
        let stage = try Stage()
        var options = try options(stage, seconds: 0.125)
        options.input = .device(CaptureOptions(deviceName: Microphones.fixture("ramp-s16-2ch.wav", "SPEED=max,LOOP=1")))
        options.durationSeconds = 0.25
        let session = stage.session(options)
        for _ in 0..<2 {
            try await session.start()
            await session.recordingEnded()
            await session.close()
        }
        #expect(
            stage.names.filter { !$0.hasSuffix(".wav.json") } == [
                "take-0001.wav", "take-0002.wav", "take-01-0001.wav", "take-01-0002.wav", "take-01.manifest.json",
                "take-01.manifest.json.json", "take.manifest.json", "take.manifest.json.json",
            ]
        )
        #expect(stage.tracer.finishedSpans.count == 2)
    }

    // REC-10
    @Test(arguments: [0, 0.049, -1, .nan, .infinity]) func `A length that no segment can have is refused`(
        seconds: Double
    ) {
        #expect(throws: SessionError.self) { try SegmentOptions(Segmentation(seconds: seconds)) }
    }
}
