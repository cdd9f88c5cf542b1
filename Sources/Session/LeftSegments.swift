internal import FoundationEssentials
internal import Logging
internal import RecorderIO
internal import RecordingExport
internal import RecordingStore

/// A recording in segments that a process left behind when it died, and what it comes to (DUR-2).
///
/// It may be ended again after another death: a manifest that a report knows is never changed, for it may be delivered.
struct LeftSegments {
    /// A segment that was open when the process died, repaired and finalized.
    struct Ended: Sendable {
        var open: OpenRecording
        var outcome: RecordingOutcome
    }

    private let manifest: RecordingManifest
    private let path: String
    private let logger: Logger

    init(_ manifest: RecordingManifest, path: String, logger: Logger) {
        self.manifest = manifest
        self.path = path
        self.logger = logger
    }

    /// What the report tells of a recording whose process died in or after the manifest's delivery; nil where it died earlier.
    var reported: (RecordingOutcome, EndedSegments)? {
        guard let report = SessionReport(atPath: RecordingPlace.reportPath(forFile: path)),
            let recording = report.recording, recording.id == manifest.recordingID, let whole = recording.finished
        else { return nil }
        let delivery = report.phases.first { $0.name == "segments" }
        return (RecordingOutcome(recording: whole), EndedSegments(segments: manifest.segments, delivery: delivery))
    }

    /// Reports and delivers the segments, and completes the manifest.
    ///
    /// - Returns: the whole's outcome; nil where the manifest cannot be written yet.
    func end(_ segments: [Ended], by run: SessionRun) async -> (RecordingOutcome?, EndedSegments) {
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
    /// Of a recording whose manifest is lost, or was never written: what the reports beside its segments tell.
    init?(of open: OpenRecording) {
        guard open.isManifest == true, let path = open.filePath else { return nil }
        self.init(
            recordingID: open.recordingID,
            sessionID: open.sessionID,
            container: open.container,
            segmentation: nil
        )
        let folder = Folder.parent(of: path)
        let names: [String]
        do { names = try FileManager.default.contentsOfDirectory(atPath: folder) } catch { return }
        for name in names where name.hasSuffix(".json") {
            guard let report = SessionReport(atPath: "\(folder)/\(name)"), let recording = report.recording,
                recording.segmentOf == open.recordingID, var file = recording.finished,
                let firstFrame = recording.firstFrame
            else { continue }
            file.path = "\(folder)/\(name.dropLast(".json".count))"
            add(file, firstFrame: firstFrame)
            setExports(report.exports, ofSegment: file.id)
        }
    }
}
