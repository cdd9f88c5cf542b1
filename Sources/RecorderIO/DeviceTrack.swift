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
    /// What comes after that, where somebody has looked so far.
    private var laterSteps: [TrackTimeline.Step] = []
    /// Up to where `look` has looked.
    private var lookedPosition: Int64 = 0
    /// Frames that have been taken, silence included: the place of the next step on the track.
    private(set) var position: Int64 = 0
    /// Whether the device has given all that it will.
    private(set) var isOver = false
    /// Whether it did so without being told to.
    private var hasEnded = false

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
            hasEnded = block.kind == .ended
            return .over
        }
    }

    /// Lets go of frames whose place is not certain.
    mutating func release() { timeline.release() }

    /// What comes next on the track, of at most `limit` frames. It comes again until it is taken.
    mutating func nextStep(now: HostTime, limit: Int64) -> TrackTimeline.Step? {
        guard limit > 0 else { return nil }
        if waitingStep == nil {
            waitingStep = laterSteps.isEmpty ? timeline.nextStep(now: now) : laterSteps.removeFirst()
        }
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
        guard taken > 0 else { return }
        waitingStep =
            switch waitingStep {
            case .frames(let count) where count > taken: .frames(count - taken)
            case .silence(let count, let cause) where count > taken: .silence(count - taken, cause)
            default: nil
            }
    }

    /// Shows `body` the frames that wait, with their place on the track, each once, until it finds the one that it looks for.
    ///
    /// - Returns: what it found, and where the track ends by now.
    mutating func look(now: HostTime, _ body: (RawSpan, Int64) -> Int64?) -> (found: Int64?, end: Int64) {
        while let step = timeline.nextStep(now: now) { keep(step) }
        var place = position
        var ringFrame = 0
        var found: Int64?
        for index in -1..<laterSteps.count where found == nil {
            guard let step = index < 0 ? waitingStep : laterSteps[index] else { continue }
            guard case .frames(let count) = step else {
                if case .silence(let count, _) = step { place += count }
                continue
            }
            let start = max(place, lookedPosition)
            let end = place + count
            if start < end {
                let from = (ringFrame + Int(start - place)) * format.bytesPerFrame
                let to = ringFrame + Int(count)
                _ = frames.read(atMost: to) { bytes in
                    found = body(bytes.extracting(from..<to * format.bytesPerFrame), start)
                    return 0
                }
                lookedPosition = found ?? end
            }
            place = end
            ringFrame += Int(count)
        }
        return (found, place)
    }

    private mutating func keep(_ step: TrackTimeline.Step) {
        switch (laterSteps.last ?? waitingStep, step) {
        case (.frames(let before), .frames(let count)): replaceLast(with: .frames(before + count))
        case (.silence(let before, let known), .silence(let count, let cause)) where known == cause:
            replaceLast(with: .silence(before + count, cause))
        case (nil, _): waitingStep = step
        default: laterSteps.append(step)
        }
    }

    private mutating func replaceLast(with step: TrackTimeline.Step) {
        if laterSteps.isEmpty { waitingStep = step } else { laterSteps[laterSteps.count - 1] = step }
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

    /// Whether the device has a clock; nil while too little has been seen of it. One that ended before is taken by its count.
    var hasClock: Bool? { timeline.hasClock ?? (hasEnded ? false : nil) }
}
