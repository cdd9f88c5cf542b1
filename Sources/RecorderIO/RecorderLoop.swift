internal import Audio
internal import Capture
internal import FrameRing
internal import Glibc
internal import Logging
internal import Synchronization

/// The recorder thread: takes frames out of the ring, puts them in their place, encodes, syncs, and finalizes.
///
/// It wakes twice a second, or when the ring is a quarter full (RING-4), and allocates nothing per block (PERF-5).
struct RecorderLoop: ~Copyable, Sendable {
    let options: RecorderOptions
    let control: CaptureControl
    let shared: RecorderShared
    let logger: Logger
    var soundFile: SoundFile?
    var frames: FrameConsumer
    var blocks: FrameConsumer
    var timeline: TrackTimeline
    let format: AudioFormat
    /// Frames that the file may have.
    let frameLimit: Int64
    private var silence: ByteBuffer
    private var position: Int64 = 0
    private var gaps: [Gap] = []
    private var peak: Float = 0
    private var recentPeak: Float = 0
    private var isOver = false
    /// Both clocks at the start, read once: steps of the wall clock move nothing after that (REC-6).
    private let wallTimeAtStart = WallClock.now()
    private let hostTimeAtStart = HostTime.now()
    private var lastSync = HostTime.now()

    private static let wakeInterval = Duration.milliseconds(500)
    private static let syncSeconds = 1.0
    private static let silentFrameCount = 4096

    init(
        options: RecorderOptions,
        format: AudioFormat,
        periodFrameCount: Int,
        control: CaptureControl,
        shared: RecorderShared,
        logger: Logger,
        soundFile: consuming SoundFile,
        frames: consuming FrameConsumer,
        blocks: consuming FrameConsumer,
        frameLimit: Int64?
    ) {
        self.options = options
        self.format = format
        self.control = control
        self.shared = shared
        self.logger = logger
        self.soundFile = consume soundFile
        self.frames = frames
        self.blocks = blocks
        self.frameLimit = frameLimit ?? .max
        timeline = TrackTimeline(format: format, periodFrameCount: periodFrameCount)
        silence = ByteBuffer(byteCount: Self.silentFrameCount * format.bytesPerFrame)
        gaps.reserveCapacity(64)
    }

    /// Runs until capture has ended and all of it is in the file; then finalizes.
    consuming func run() -> RecordingOutcome {
        warnIfNotRealtime()
        var failure: RecorderError?
        while !isOver {
            frames.waitForFrames(timeout: Self.wakeInterval)
            do throws(RecorderError) {
                try drain()
                try syncIfDue()
            } catch {
                logger.error("\(error)")
                failure = error
                isOver = true
            }
            report()
        }
        control.stop()
        return finalize(failure)
    }

    // MARK: From the ring to the file

    private mutating func drain() throws(RecorderError) {
        let fill = Double(frames.availableFrameCount()) / Double(frames.frameCapacity)
        shared.update { $0.ringFill = fill }
        while let block = nextBlock() {
            timeline.accept(block)
            if timeline.clock.isFreeRunning, !control.isFreeRunning { control.isFreeRunning = true }
            try writeSteps()
            if block.kind == .lost { logger.warning("the device is lost: waiting for it to come back") }
            if block.kind == .frames, block.discontinuity == .deviceLost { logger.notice("the device is back") }
            guard block.kind == .ended || block.kind == .stopped else { continue }
            isOver = true
            return
        }
        try writeSteps()
    }

    private mutating func nextBlock() -> CaptureBlock? {
        var block: CaptureBlock?
        _ = blocks.read(atMost: 1) { bytes in
            block = CaptureBlock(bytes)
            return 1
        }
        return block
    }

    private mutating func writeSteps() throws(RecorderError) {
        while position < frameLimit, let step = timeline.nextStep(now: .now()) {
            switch step {
            case .frames(let count): try writeFrames(count)
            case .silence(let count, let cause): try writeSilence(count, cause)
            }
        }
        if position >= frameLimit { isOver = true }
    }

    private mutating func writeFrames(_ frameCount: Int64) throws(RecorderError) {
        var remaining = Int(min(frameCount, frameLimit - position))
        while remaining > 0 {
            let count = try frames.read(atMost: remaining) { (bytes) throws(RecorderError) in
                recentPeak = max(recentPeak, Samples.peak(of: bytes, format.sampleFormat))
                try soundFile?.write(bytes)
                return bytes.byteCount / format.bytesPerFrame
            }
            precondition(count > 0, "a block promised frames that are not in the ring")
            remaining -= count
            position += Int64(count)
        }
    }

    private mutating func writeSilence(_ frameCount: Int64, _ cause: Gap.Cause) throws(RecorderError) {
        let total = min(frameCount, frameLimit - position)
        guard total > 0 else { return }
        note(Gap(firstFrame: position, frameCount: total, cause: cause))
        var remaining = total
        while remaining > 0 {
            let count = Int(min(remaining, Int64(Self.silentFrameCount)))
            try silence.withBytes(count * format.bytesPerFrame) { (bytes) throws(RecorderError) in
                try soundFile?.write(bytes)
            }
            remaining -= Int64(count)
            position += Int64(count)
        }
    }

    /// Lists a gap; one that goes on where the last ended is the same gap.
    private mutating func note(_ gap: Gap) {
        if let last = gaps.last, last.cause == gap.cause, last.firstFrame + last.frameCount == gap.firstFrame {
            gaps[gaps.count - 1].frameCount += gap.frameCount
        } else {
            gaps.append(gap)
            logger.warning(
                "gap (\(gap.cause.rawValue)) at \(format.duration(ofFrames: gap.firstFrame)), frame \(gap.firstFrame)"
            )
        }
    }

    /// Bounds what a power cut can take (REC-8).
    private mutating func syncIfDue() throws(RecorderError) {
        guard HostTime.now().seconds(since: lastSync) >= Self.syncSeconds - 0.25 else { return }
        try soundFile?.sync()
        lastSync = .now()
    }

    // MARK: For those who watch

    private mutating func report() {
        peak = max(peak, recentPeak)
        shared.update { progress in
            progress.frameCount = position
            progress.peak = recentPeak
            progress.gapCount = gaps.count
            progress.gapFrameCount = gaps.reduce(0) { $0 + $1.frameCount }
            progress.isDeviceLost = timeline.isLost
        }
        recentPeak = 0
    }

    private func warnIfNotRealtime() {
        guard control.isRealtime == false || !frames.isMemoryLocked else { return }
        logger.warning(
            "capture runs without real-time priority or locked memory: allow this user rtprio and memlock in limits.conf"
        )
    }

    // MARK: The end

    private consuming func finalize(_ failure: RecorderError?) -> RecordingOutcome {
        var failure = failure
        guard let soundFile = soundFile.take() else { return RecordingOutcome(recording: nil, error: failure) }
        do throws(RecorderError) {
            let earlier = try soundFile.finalize()
            failure = failure ?? earlier
        } catch {
            // What has the final name, if anything, is not this recording.
            return RecordingOutcome(recording: nil, error: failure ?? error, startTime: timeline.startTime)
        }
        do throws(RecorderError) {
            let digest = try SHA256.ofFile(atPath: options.filePath)
            return RecordingOutcome(
                recording: recording(digest),
                error: failure,
                startTime: timeline.startTime
            )
        } catch {
            return RecordingOutcome(recording: nil, error: failure ?? error)
        }
    }

    private borrowing func recording(_ digest: (hex: String, byteCount: Int64)) -> FinishedRecording {
        let offset = timeline.startTime?.seconds(since: hostTimeAtStart) ?? 0
        return FinishedRecording(
            id: options.recordingID,
            path: options.filePath,
            container: options.container,
            format: format,
            measuredRate: timeline.clock.measuredRate,
            frameCount: position,
            startedAt: wallTimeAtStart + offset,
            sha256: digest.hex,
            byteCount: digest.byteCount,
            peakDBFS: peak > 0 ? Decibels.fullScale(peak) : nil,
            droppedFrameCount: 0,
            gaps: gaps
        )
    }
}

/// Wall time, for labels only; nothing is measured with it (REC-6).
enum WallClock {
    /// Seconds since 1970.
    static func now() -> Double {
        var now = timespec()
        unsafe clock_gettime(CLOCK_REALTIME, &now)
        return Double(now.tv_sec) + Double(now.tv_nsec) / 1e9
    }
}
