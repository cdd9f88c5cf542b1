internal import Audio
internal import Capture
internal import FrameRing
internal import Logging

/// Recording by level: events, each from so much before it on, with what is between them in no file.
extension RecorderLoop {
    /// Whether an event is waited for, and there is no file meanwhile.
    var isListening: Bool { trigger != nil && trigger?.eventEnd == nil && failure == nil }

    /// Where the event ends, unless it goes on.
    var eventEnd: Int64 { trigger?.eventEnd ?? .max }

    /// Looks for the next event in what waits. Until there is one, the ring keeps so much as belongs before it.
    ///
    /// - Returns: whether one has begun, and its file with it.
    mutating func beginEvent() -> Bool {
        guard let preRollFrameCount = trigger?.preRollFrameCount else { return false }
        let (frame, end) = tracks.look(now: .now()) { frames, place in trigger?.begin(in: frames, at: place) }
        skip(to: min((frame ?? end) - preRollFrameCount, frameLimit))
        guard let frame else { return false }
        guard frame < frameLimit else {
            trigger?.end()
            return false
        }
        makeEventFile()
        let time = format.duration(ofFrames: frame)
        logger.notice("an event begins at \(time), frame \(frame)")
        return true
    }

    private mutating func makeEventFile() {
        guard let place = nextSegment() else { return }
        do throws(RecorderError) {
            file = try RecordingFile(
                path: place.path,
                recordingID: place.recordingID,
                container: options.container,
                format: format,
                replacing: false,
                firstFrame: position,
                droppedFrameCount: droppedFrameCount
            )
            droppedFrameCount = 0
        } catch {
            logger.error("the event has no file yet: \(error)")
            shared.fileEvents.yield(.refused(place, error))
            failure = error
            outage.begin(.now(), after: 0)
        }
        seamOrigin = position
        seam = .max
        tracks.liveness.beginFile()
    }

    /// The event is over: its file is finalized, while the next one is listened for.
    mutating func endEvent() {
        trigger?.end()
        guard let ended = file.take() else { return }
        let completion = Completion<RecordingOutcome>()
        finalize(ended, into: completion)
        shared.fileEvents.yield(.seam(PendingRecording(completion: completion)))
    }

    /// Passes what is in no event.
    private mutating func skip(to end: Int64) {
        let now = HostTime.now()
        while position < end, let step = tracks.nextStep(now: now, limit: end - position) {
            switch step {
            case .frames(let count):
                position += tracks.takeFrames(atMost: count) { $0.byteCount / format.bytesPerFrame }
            case .silence(let count, _):
                tracks.takeSilence(count)
                position += count
            }
        }
    }
}
