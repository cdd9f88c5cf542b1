import Audio
import Foundation
import RecorderIO
import RecordingExport
import Testing
import Tracing

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

    // DUR-1: it is read again, and calculated with.
    @Test(arguments: [
        ("\"sample_rate_hz\" : 48000", "\"sample_rate_hz\" : 9223372036854775807"),
        ("\"sample_rate_hz\" : 48000", "\"sample_rate_hz\" : 0"),
        ("\"channels\" : 2", "\"channels\" : 4611686018427387904"), ("\"channels\" : 2", "\"channels\" : -1"),
        ("\"frames\" : 72000", "\"frames\" : -9223372036854775808"), ("\"bytes\" : 432080", "\"bytes\" : -1"),
        ("\"bytes\" : 432080", "\"bytes\" : 9223372036854775807"),
        ("\"frames\" : 480", "\"frames\" : -480"), ("\"first_frame\" : 100", "\"first_frame\" : -1"),
        (
            "\"frames\" : 480",
            "\"frames\" : 9223372036854775807\n}, {\"cause\": \"xrun\", \"first_frame\": 1, \"frames\": 1"
        ), ("\"2025-06-15T15:06:40.250Z\"", "\"1025-06-15T15:06:40.250Z\""),
    ]) func `A report whose numbers are no recording's tells of none`(written: String, damaged: String) throws {
        let report = SessionReport(
            sessionID: "s",
            version: "1",
            startedAt: "x",
            recording: SessionReport.Recording(recording),
            exports: [],
            phases: []
        )
        #expect(report.recording?.finished == recording)
        let text = try report.json()
        let broken = text.replacing(written, with: damaged)
        #expect(broken != text)
        let read = try JSONDecoder().decode(SessionReport.self, from: Data(broken.utf8))
        #expect(read.recording?.finished == nil)
    }

    // DUR-2: a damaged journal may have any number for a time.
    @Test func `A span's time is any number's, as near as spans can have it`() {
        let latest: UInt64 = 10_000_000_000_000_000_000
        for (seconds, expected) in [
            (1.5, 1_500_000_000), (-1, 0), (-.infinity, 0), (.nan, 0), (1e10, latest), (1e300, latest),
            (.infinity, latest),
        ] {
            #expect(Timestamp.instant(seconds).nanosecondsSinceEpoch == expected, "\(seconds)")
        }
    }

    // SES-10
    @Test func `Times are RFC 3339 in UTC with fractions`() {
        #expect(Timestamp.rfc3339(0) == "1970-01-01T00:00:00.000Z")
        #expect(Timestamp.rfc3339(1_750_000_000.25) == "2025-06-15T15:06:40.250Z")
        #expect(Timestamp.compact(1_750_000_000.25) == "20250615T150640Z")
    }
}
