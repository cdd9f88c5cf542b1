import Foundation
import RecorderIO

@testable import RecordingExport
@testable import RecordingStore
@testable import Session

extension DocumentsFuzz {
    static var seeds: [[UInt8]] {
        get throws {
            var delivered = ExportOutcome(
                exporter: "http",
                outcome: .attached,
                recordingURL: "https://host/a.wav",
                recordingID: "i",
                seconds: 0.5
            )
            delivered.destination = "https://host/?…"
            let report = SessionReport(
                sessionID: "s",
                traceID: "0af7651916cd43dd8448eb211c80319c",
                spanID: "b7ad6b7169203331",
                version: "1.2.3",
                startedAt: "2026-11-23T01:30:00.250Z",
                endedAt: "2026-11-23T01:31:00.000Z",
                status: .deferred,
                recording: SessionReport.Recording(Examples.file),
                recovered: RecordingLoss(cutBytes: 1, damagedBytes: 2, lostFramesAtMost: 3),
                exports: [
                    delivered, ExportOutcome(exporter: "dir", outcome: .failed, error: "e"),
                ],
                phases: [
                    SessionPhase(phase: .finalize, outcome: .done, seconds: 0.25),
                    SessionPhase(phase: .upload, name: "c", outcome: .failed, error: "e", seconds: 1.5),
                ]
            )
            var open = OpenRecording(
                recordingID: Examples.recordingID,
                sessionID: "s",
                startedAt: Examples.startedAt,
                filePath: Examples.file.path,
                container: .oggOpus,
                format: Examples.file.format,
                version: "1"
            )
            open.span = ["traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "tracestate": "a=b"]
            open.exporterURLs = ["dir:/there"]
            open.loss = RecordingLoss(cutBytes: 1, damagedBytes: 2, lostFramesAtMost: 3)
            let upload = S3Journal.Upload(
                id: "u",
                endpoint: "http://h",
                bucket: "b",
                key: "k",
                recordingPath: "/a",
                byteCount: 288_044,
                sha256: Examples.file.sha256,
                partByteCount: 144_022,
                partSHA256s: [Examples.file.sha256, Examples.file.sha256]
            )
            let entries: [S3Journal.Entry] = [.begun(upload), .part(1, etag: "e"), .completing]
            let result = RecordingExportResult(
                recordingURL: "https://h/a",
                recordingID: "i",
                recordingPath: "/p",
                traceAttributes: ["a": "x", "b": 3, "c": 1.5, "d": true]
            )
            let encoder = JSONEncoder()
            let lines = try entries.map { try encoder.encode($0) + [UInt8(ascii: "\n")] }.joined()
            return [
                Array("r\(try report.json())".utf8),
                Array("o".utf8) + (try encoder.encode(open)) + Array("\n\(try report.json())".utf8),
                Array("x".utf8) + (try encoder.encode(result)), Array("j".utf8) + lines,
                Array("n\(ReportFuzz.folderName)".utf8),
                Array("n/srv/recordings/\(ReportFuzz.folderName)/recording.wav".utf8),
                Array("t2026-11-23T01:30:00.250Z".utf8), Array("f".utf8) + [0x41, 0xDA, 0xAC, 0x5D, 0, 0x10, 0, 0],
            ]
        }
    }
}
