internal import RecorderIO
internal import RecordingExport
internal import RecordingStore

/// What is known of the segments of a recording when the last of them has ended.
struct EndedSegments: Sendable {
    var segments: [RecordingManifest.Segment]
    /// How their deliveries went; nil without exporters.
    var delivery: SessionPhase?
}

/// A segment is reported beside its file, and delivered, as a recording of its own is; the session's span tells of the whole.
extension SessionRun {
    /// Writes down a segment that has ended: what it is, and what is to be delivered (DUR-1).
    ///
    /// - Returns: its report, should its delivery never be made.
    func keepSegment(_ file: FinishedRecording, firstFrame: Int64) async -> SessionReport {
        var report = report(endedAt: file.startedAt + file.durationSeconds, recording: file)
        report.recording?.segmentOf = recordingID
        report.recording?.firstFrame = firstFrame
        if let outbox {
            report.exports = exporters.map(ExportOutcome.deferred)
            _ = outbox.begin(StoredRecording(file, segmentOf: recordingID), exporters)
        }
        report.status = RecordingStatus(isRecordingOn: true, didRecordingFail: false, outcomes: report.exports)
        // Its id is in no other file's name, and a recovery may do this once more.
        await write(&report, replacing: true)
        return report
    }

    /// Delivers a segment that is written down, and reports how that went.
    func deliverSegment(
        _ kept: SessionReport,
        _ file: FinishedRecording,
        _ deadline: ContinuousClock.Instant
    ) async -> [ExportOutcome] {
        guard !exporters.isEmpty else { return [] }
        let recording = SessionRecording(
            recordingID: file.id,
            sessionID: sessionID,
            traceID: traceParent.traceID,
            spanID: traceParent.spanID,
            file: file
        )
        let begin = ContinuousClock.now
        var report = kept
        report.exports = await deliver(recording, segmentOf: recordingID, deadline)
        report.phases = [SessionPhase(exports: report.exports, seconds: begin.duration(to: .now) / .seconds(1))]
        report.status = RecordingStatus(isRecordingOn: true, didRecordingFail: false, outcomes: report.exports)
        await write(&report, replacing: true)
        return report.exports
    }

    /// How long all exporters may take for one recording.
    var exportLimit: Duration { exporters.map(\.timeLimit).reduce(.zero, +) }
}
