internal import Audio
internal import Capture
internal import FrameRing

/// One device's frames as the recorder thread sees them: the ring, and what the capture thread said of what is in it.
struct DeviceTrack: ~Copyable, Sendable {
    /// What one block brought.
    enum News {
        case arrived(frameCount: Int64)
        case lost
        /// Frames again, after a loss.
        case back(frameCount: Int64)
        case over
    }

    let format: AudioFormat
    private let control: CaptureControl
    private var frames: FrameConsumer
    private var blocks: FrameConsumer
    private var timeline: TrackTimeline
    /// What the timeline has given out, and nobody has taken.
    private var waitingStep: TrackTimeline.Step?
    /// Frames that have been taken, silence included: the place of the next step on the track.
    private(set) var position: Int64 = 0
    /// Whether the device has given all that it will.
    private(set) var isOver = false

    /// Larger than the buffer of `EncodedBytes`, so that it is passed by; small enough for the reserve.
    private static let pieceByteCount = 1 << 19

    init(
        format: AudioFormat,
        periodFrameCount: Int,
        control: CaptureControl,
        frames: consuming FrameConsumer,
        blocks: consuming FrameConsumer
    ) {
        self.format = format
        self.control = control
        self.frames = frames
        self.blocks = blocks
        timeline = TrackTimeline(format: format, periodFrameCount: periodFrameCount)
    }

    /// Sleeps until there are frames enough, or somebody wakes it (RING-4).
    mutating func waitForFrames(timeout: Duration) { frames.waitForFrames(timeout: timeout) }

    /// The same in two steps, for who waits for several tracks.
    mutating func prepareToSleep() -> Bool { frames.prepareToSleep() }

    mutating func awake() { frames.awake() }

    /// Takes the next block, if there is one.
    mutating func acceptBlock() -> News? {
        var next: CaptureBlock?
        _ = blocks.read(atMost: 1) { bytes in
            next = CaptureBlock(bytes)
            return 1
        }
        guard let block = next else { return nil }
        timeline.accept(block)
        if timeline.clock.isFreeRunning, !control.isFreeRunning { control.isFreeRunning = true }
        switch block.kind {
        case .frames where block.discontinuity == .deviceLost: return .back(frameCount: block.frameCount)
        case .frames: return .arrived(frameCount: block.frameCount)
        case .lost: return .lost
        case .ended, .stopped:
            isOver = true
            return .over
        }
    }

    /// Lets go of frames whose place is not certain.
    mutating func release() { timeline.release() }

    /// What comes next on the track, of at most `limit` frames. It comes again until it is taken.
    mutating func nextStep(now: HostTime, limit: Int64) -> TrackTimeline.Step? {
        guard limit > 0 else { return nil }
        if waitingStep == nil { waitingStep = timeline.nextStep(now: now) }
        return switch waitingStep {
        case .frames(let count): .frames(min(count, limit))
        case .silence(let count, let cause): .silence(min(count, limit), cause)
        case nil: nil
        }
    }

    /// Lends frames of the step that waits, and takes as many as `body` returns, which it returns as well.
    mutating func takeFrames<Failure: Error>(
        atMost frameCount: Int64,
        _ body: (RawSpan) throws(Failure) -> Int
    ) throws(Failure) -> Int64 {
        let piece = min(Int(frameCount), max(1, Self.pieceByteCount / format.bytesPerFrame))
        precondition(frames.availableFrameCount() > 0, "a block promised frames that are not in the ring")
        let taken = Int64(try frames.read(atMost: piece, body))
        take(taken)
        return taken
    }

    /// Takes silence of the step that waits.
    mutating func takeSilence(_ frameCount: Int64) { take(frameCount) }

    private mutating func take(_ taken: Int64) {
        position += taken
        waitingStep =
            switch waitingStep {
            case .frames(let count) where count > taken: .frames(count - taken)
            case .silence(let count, let cause) where count > taken: .silence(count - taken, cause)
            default: nil
            }
    }

    /// How full the ring is, 0 to 1.
    var fill: Double {
        mutating get { Double(frames.availableFrameCount()) / Double(frames.frameCapacity) }
    }

    var isMemoryLocked: Bool { frames.isMemoryLocked }

    /// Whether the device is gone.
    var isLost: Bool { timeline.isLost }

    /// When the first frame was captured.
    var startTime: HostTime? { timeline.startTime }

    /// The device's clock, which counts the track's frames, silence included.
    var clock: DeviceClock { timeline.clock }

    /// Whether the device has a clock; nil while too little has been seen of it.
    var hasClock: Bool? { timeline.hasClock }
}
