internal import Audio
internal import FrameRing
internal import Logging

/// Seams: where one segment ends and the next begins, decided by the track's frames alone, on the recorder's own thread
/// (REC-10).
extension RecorderLoop {
    var isSegmented: Bool { options.segments != nil }

    /// Changes the file where the next step lies behind the seam.
    ///
    /// - Returns: false where the step must wait in the ring, because enough ended segments are still being finalized.
    mutating func reachSeam() -> Bool {
        guard isSegmented else { return true }
        if segmentedStart == nil { segmentedStart = tracks.startTime }
        if seam == .max { seam = nextSeam }
        guard position >= seam else { return true }
        if shared.finalizers.hasRoom {
            beginSegment()
        } else {
            // A device without a clock waits as well (RING-2), which all of its blocks may have to tell first; with one, a
            // segment that is too long loses no frame.
            isHeld = !wasHeld || control.isFreeRunning || tracks.fill < 0.5
            guard !isHeld else { return false }
            logger.warning("the disk does not keep up with the segments: this one goes on to the next seam")
        }
        seam = nextSeam
        return true
    }

    private var nextSeam: Int64 {
        options.segments?.segmentation?.seam(
            after: position,
            origin: seamOrigin,
            sampleRate: format.sampleRate,
            startedAt: trackStartWallTime
        ) ?? .max
    }

    /// The file of a segment that begins here; nil in a recording that is one file.
    func nextSegment() -> SegmentFile? {
        options.segments?.next(position, trackStartWallTime + Double(position) / Double(format.sampleRate))
    }

    private mutating func beginSegment() {
        guard let place = nextSegment() else { return }
        var next: RecordingFile?
        do throws(RecorderError) {
            next = try RecordingFile(
                path: place.path,
                recordingID: place.recordingID,
                container: options.container,
                format: format,
                replacing: false,
                firstFrame: position
            )
        } catch {
            logger.error("the next segment cannot be begun, and this one goes on: \(error)")
            shared.fileEvents.yield(.refused(place, error))
            return
        }
        let ended = Completion<RecordingOutcome>()
        swap(&file, &next)
        if let last = next.take() { finalize(last, into: ended) }
        tracks.liveness.beginFile()
        shared.fileEvents.yield(.seam(PendingRecording(completion: ended)))
    }
}
