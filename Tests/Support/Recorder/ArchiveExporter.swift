import Foundation
import RecorderIO
import RecordingExport

/// Delivers recordings to an archive of your own: here, a folder that a web server shows.
struct ArchiveExporter: RecordingExporter {
    let name = "archive"
    let folder: String

    func export(_ recording: SessionRecording) async throws -> RecordingExportResult? {
        guard let file = recording.file else { return nil }  // A session without audio.
        // Delivered twice, it is one artefact all the same: the key tells repetitions.
        let target = "\(folder)/\(recording.idempotencyKey)"
        if !FileManager.default.fileExists(atPath: target) {
            try FileManager.default.copyItem(atPath: file.path, toPath: target)
        }
        return RecordingExportResult(
            recordingURL: "https://archive.example/\(recording.idempotencyKey)",
            traceAttributes: ["archive.bytes": .int(file.byteCount)]
        )
    }
}
