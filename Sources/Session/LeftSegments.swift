internal import FoundationEssentials
internal import Logging
internal import RecorderIO
internal import RecordingExport
internal import RecordingStore

/// A recording in segments that a process left behind when it died, and what it comes to (DUR-2).
///
/// It may be ended again after another death: a manifest that its report knows is never changed, for it may be delivered.
struct LeftSegments {
    /// A segment that was open when the process died, repaired and finalized.
    struct Ended: Sendable {
        var open: OpenRecording
        var outcome: RecordingOutcome
    }

    private var manifest: RecordingManifest
    private let path: String
    private let run: SessionRun
    private let logger: Logger

    init(_ manifest: RecordingManifest, path: String, of run: SessionRun, logger: Logger) {
        self.manifest = manifest
        self.path = path
        self.run = run
        self.logger = logger
    }

    /// Reports and delivers the segments, and completes the manifest.
    ///
    /// - Returns: the whole's outcome; nil where the manifest cannot be written yet.
    func end(_ segments: [Ended]) async -> (RecordingOutcome?, EndedSegments) {
        let report = SessionReport(atPath: RecordingPlace.reportPath(forFile: path))
        if let recording = report?.recording, recording.id == manifest.recordingID, let whole = recording.finished {
            let delivery = report?.phases.first { $0.name == "segments" }
            return (RecordingOutcome(recording: whole), EndedSegments(segments: manifest.segments, delivery: delivery))
        }
        let whole = SessionSegments(run, manifest: manifest, path: path, logger: logger)
        for segment in segments {
            var outcome = segment.outcome
            outcome.firstFrame = segment.open.segment?.firstFrame ?? manifest.frames
            if segment.open.segment?.firstFrame == nil, !manifest.segments.isEmpty {
                outcome.recording?.startedAt = manifest.lastKnownMoment
            }
            await whole.take { [outcome] in outcome }
        }
        let limit = run.exportLimit * max(1, segments.count)
        let (outcome, ended) = await whole.finish(until: .now + limit)
        return (outcome.isLeftBehind ? nil : outcome, ended)
    }
}

extension RecordingManifest {
    /// Of a recording whose manifest is lost, or was never written.
    init?(of open: OpenRecording) {
        guard open.isManifest == true else { return nil }
        self.init(
            recordingID: open.recordingID,
            sessionID: open.sessionID,
            container: open.container,
            segmentation: nil
        )
    }
}
