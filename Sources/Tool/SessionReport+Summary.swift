import RecorderIO
import RecordingExport
import RecordingStore
import Session

extension SessionReport {
    /// A few lines for people: where the recording is, and where each exporter put it.
    var summary: String {
        var lines: [String] = []
        if let recording {
            let gaps = recording.gaps.isEmpty ? "" : ", \(recording.gaps.count) gaps"
            let drops = recording.droppedFrames == 0 ? "" : ", \(recording.droppedFrames) frames dropped"
            let recovery = recovered.map { ", recovered (at most \($0.lostFramesAtMost) frames lost)" } ?? ""
            lines.append("\(recording.path)  \(recording.durationS) s\(gaps)\(drops)\(recovery)")
        }
        for export in exports {
            let reference = export.recordingURL ?? export.recordingPath ?? export.recordingID ?? export.error ?? ""
            lines.append("\(export.exporter): \(export.outcome.rawValue) \(reference)")
        }
        return lines.map { $0 + "\n" }.joined()
    }
}
