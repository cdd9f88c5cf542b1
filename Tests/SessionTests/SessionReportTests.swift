import Audio
import Foundation
import RecorderIO
import RecordingExport
import Testing

@testable import Session

@Suite struct SessionReportTests {
    private var recording: FinishedRecording {
        FinishedRecording(
            id: "0b8f7a52-5a0e-4c7e-9f5d-2f1d3c4b5a69",
            path: "/srv/a.wav",
            container: .wav,
            format: AudioFormat(sampleFormat: .s24Packed, sampleRate: 48000, channelCount: 2),
            measuredRate: 48004.8,
            frameCount: 72000,
            startedAt: 1_750_000_000.25,
            sha256: "ab",
            byteCount: 432_080,
            peakDBFS: -6.5,
            droppedFrameCount: 0,
            gaps: [Gap(firstFrame: 100, frameCount: 480, cause: .ringFull)],
            conditions: [ConditionPeriod(condition: .noSignal, firstFrame: 5, frameCount: 9, channels: [2])],
            omittedConditionCount: 3
        )
    }

    // SES-10: others depend on exactly these keys.
    @Test func `The report is JSON with exactly these keys`() throws {
        let report = SessionReport(
            sessionID: "s",
            traceID: "t",
            spanID: "p",
            version: "1.2.3",
            startedAt: "2026-11-23T01:30:00.250Z",
            endedAt: "2026-11-23T01:31:00.000Z",
            status: .attached,
            recording: SessionReport.Recording(recording),
            exports: [
                ExportOutcome(
                    exporter: "a",
                    outcome: .attached,
                    recordingURL: "https://x/y",
                    recordingID: "i",
                    recordingPath: "/p",
                    error: "e",
                    seconds: 0.5,
                    spanError: "not told",
                    traceAttributes: ["not": "told"]
                )
            ],
            phases: [
                SessionPhase(phase: .finalize, outcome: .done, seconds: 0.25),
                SessionPhase(phase: .callback, name: "c", outcome: .failed, error: "e", seconds: 1.5),
            ]
        )
        let expected = """
            {
              "ended_at" : "2026-11-23T01:31:00.000Z",
              "exports" : [
                {
                  "error" : "e",
                  "exporter" : "a",
                  "outcome" : "attached",
                  "recording_id" : "i",
                  "recording_path" : "/p",
                  "recording_url" : "https://x/y",
                  "seconds" : 0.5
                }
              ],
              "phases" : [
                {
                  "outcome" : "done",
                  "phase" : "finalize",
                  "seconds" : 0.25
                },
                {
                  "error" : "e",
                  "name" : "c",
                  "outcome" : "failed",
                  "phase" : "callback",
                  "seconds" : 1.5
                }
              ],
              "recording" : {
                "bytes" : 432080,
                "channels" : 2,
                "conditions" : [
                  {
                    "channels" : [
                      2
                    ],
                    "condition" : "no_signal",
                    "first_frame" : 5,
                    "frames" : 9
                  }
                ],
                "container" : "wav",
                "dropped_frames" : 0,
                "duration_s" : 1.5,
                "frames" : 72000,
                "gaps" : [
                  {
                    "cause" : "ring_full",
                    "first_frame" : 100,
                    "frames" : 480
                  }
                ],
                "id" : "0b8f7a52-5a0e-4c7e-9f5d-2f1d3c4b5a69",
                "measured_rate_hz" : 48004.8,
                "omitted_conditions" : 3,
                "path" : "/srv/a.wav",
                "peak_dbfs" : -6.5,
                "sample_format" : "S24_3LE",
                "sample_rate_hz" : 48000,
                "sha256" : "ab",
                "started_at" : "2025-06-15T15:06:40.250Z"
              },
              "session_id" : "s",
              "span_id" : "p",
              "started_at" : "2026-11-23T01:30:00.250Z",
              "status" : "attached",
              "trace_id" : "t",
              "version" : "1.2.3"
            }

            """
        #expect(try report.json() == expected)
        let decoded = try JSONDecoder().decode(SessionReport.self, from: Data(expected.utf8))
        #expect(try decoded.json() == expected)
        #expect(decoded.recording == report.recording)
    }

    // SES-10
    @Test func `What is unknown is absent`() throws {
        var silent = recording
        silent.measuredRate = nil
        silent.peakDBFS = nil
        silent.gaps = []
        silent.conditions = []
        silent.omittedConditionCount = 0
        let report = SessionReport(
            sessionID: "s",
            version: "1",
            startedAt: "x",
            recording: SessionReport.Recording(silent),
            exports: [ExportOutcome(exporter: "a", outcome: .none)],
            phases: []
        )
        let object = try JSONSerialization.jsonObject(with: Data(try report.json().utf8)) as? [String: Any] ?? [:]
        #expect(Set(object.keys) == ["session_id", "version", "started_at", "recording", "exports", "phases"])
        let keys = Set((object["recording"] as? [String: Any] ?? [:]).keys)
        #expect(!keys.contains("conditions") && !keys.contains("omitted_conditions"))
        #expect(!keys.contains("measured_rate_hz") && !keys.contains("peak_dbfs") && keys.contains("gaps"))
        let export = (object["exports"] as? [[String: Any]] ?? []).first ?? [:]
        #expect(Set(export.keys) == ["exporter", "outcome", "seconds"])
        #expect(try JSONDecoder().decode(SessionReport.self, from: Data(try report.json().utf8)) == report)
    }

    // SES-10
    @Test func `Times are RFC 3339 in UTC with fractions`() {
        #expect(Timestamp.rfc3339(0) == "1970-01-01T00:00:00.000Z")
        #expect(Timestamp.rfc3339(1_750_000_000.25) == "2025-06-15T15:06:40.250Z")
        #expect(Timestamp.compact(1_750_000_000.25) == "20250615T150640Z")
    }
}
