internal import Audio
internal import Capture
internal import FrameRing
internal import Logging

/// The recorder thread: takes frames out of the ring, puts them in their place, encodes, syncs, and finalizes.
///
/// It wakes twice a second, or when the ring is a quarter full (RING-4), and allocates nothing per block (PERF-5).
struct RecorderLoop: ~Copyable, Sendable {
    private let options: RecorderOptions
    private let format: AudioFormat
    private let control: CaptureControl
    private let shared: RecorderShared
    private let logger: Logger
    private var file: RecordingFile
    private var frames: FrameConsumer
    private var blocks: FrameConsumer
    private var timeline: TrackTimeline
    /// Frames that the track may have, over all its files.
    private let frameLimit: Int64
    private var recentPeak: Float = 0
    private var isOver = false
    private var hasWarned = false
    /// Both clocks at the start, read once: steps of the wall clock move nothing after that (REC-6).
    private let wallTimeAtStart = WallClock.now()
    private let hostTimeAtStart = HostTime.now()
    private var lastSync = HostTime.now()

    private static let wakeInterval = Duration.milliseconds(500)
    /// A little less than the wake-ups' interval, so that each of them syncs: with the period that the device still
    /// has (250 ms), that leaves the disk a quarter of the second that a power cut may take (REC-8).
    private static let syncSeconds = 0.4

    init(
        options: RecorderOptions,
        format: AudioFormat,
        periodFrameCount: Int,
        control: CaptureControl,
        shared: RecorderShared,
        logger: Logger,
        frames: consuming FrameConsumer,
        blocks: consuming FrameConsumer,
        frameLimit: Int64?
    ) throws(RecorderError) {
        file = try RecordingFile(
            path: options.filePath,
            recordingID: options.recordingID,
            container: options.container,
            format: format,
            replacing: options.replacesFile,
            firstFrame: 0
        )
        self.options = options
        self.format = format
        self.control = control
        self.shared = shared
        self.logger = logger
        self.frames = frames
        self.blocks = blocks
        self.frameLimit = frameLimit ?? .max
        timeline = TrackTimeline(format: format, periodFrameCount: periodFrameCount)
    }

    /// Runs until capture has ended and all of it is in the file; then finalizes.
    consuming func run() -> RecordingOutcome {
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
            if !isOver, let wish = shared.nextFile.take() { startNextFile(wish) }
        }
        shared.nextFile.close()
        control.stop()
        return file.finalize(circumstances(failure))
    }

    // MARK: From the ring to the file

    private var position: Int64 { file.firstFrame + file.frameCount }

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
        if 2 * frames.availableFrameCount() > frames.frameCapacity { timeline.release() }
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
        // Looked at once: while a slow machine writes a lost device's silence, the next frame of it is due already.
        let now = HostTime.now()
        while position < frameLimit, let step = timeline.nextStep(now: now) {
            let room = frameLimit - position
            switch step {
            case .frames(let count): try writeFrames(Int(min(count, room)))
            case .silence(let count, let cause):
                guard try file.writeSilence(min(count, room), cause), let gap = file.gaps.last else { continue }
                let time = format.duration(ofFrames: gap.firstFrame)
                logger.warning("gap (\(cause.rawValue)) at \(time), frame \(gap.firstFrame)")
            }
        }
        if position >= frameLimit { isOver = true }
    }

    private mutating func writeFrames(_ frameCount: Int) throws(RecorderError) {
        var remaining = frameCount
        while remaining > 0 {
            let count = try frames.read(atMost: remaining) { (bytes) throws(RecorderError) in
                recentPeak = max(recentPeak, try file.write(bytes))
                return bytes.byteCount / format.bytesPerFrame
            }
            precondition(count > 0, "a block promised frames that are not in the ring")
            remaining -= count
        }
    }

    private mutating func syncIfDue() throws(RecorderError) {
        guard HostTime.now().seconds(since: lastSync) >= Self.syncSeconds else { return }
        try file.sync()
        lastSync = .now()
    }

    // MARK: Files

    /// Goes on in another file, with no frame lost or doubled between them. The one that ended is finalized on a thread
    /// of its own, so that a long file's digest does not keep the ring waiting.
    private mutating func startNextFile(_ wish: NextFile) {
        var next: RecordingFile
        do throws(RecorderError) {
            next = try RecordingFile(
                path: wish.path,
                recordingID: wish.recordingID,
                container: options.container,
                format: format,
                replacing: options.replacesFile,
                firstFrame: position
            )
        } catch {
            wish.started.complete(error)
            return
        }
        swap(&file, &next)
        let circumstances = circumstances(nil)
        let ended = wish.ended
        do throws(CaptureError) {
            _ = try RealtimeThread(name: "tapeline-final", owning: next) { file in
                ended.complete(file.finalize(circumstances))
            }
        } catch {
            ended.complete(RecordingOutcome(recording: nil, error: .capture(error)))
        }
        wish.started.complete(nil)
    }

    private func circumstances(_ failure: RecorderError?) -> RecordingFile.Circumstances {
        RecordingFile.Circumstances(
            trackStart: timeline.startTime,
            trackStartWallTime: wallTimeAtStart + (timeline.startTime?.seconds(since: hostTimeAtStart) ?? 0),
            measuredRate: timeline.clock.measuredRate,
            failure: failure
        )
    }

    // MARK: For those who watch

    private mutating func report() {
        shared.update { progress in
            progress.frameCount = file.frameCount
            progress.peak = recentPeak
            progress.gapCount = file.gaps.count
            progress.gapFrameCount = file.gapFrameCount
            progress.isDeviceLost = timeline.isLost
        }
        recentPeak = 0
        guard !hasWarned, let isRealtime = control.isRealtime else { return }
        hasWarned = true
        guard !isRealtime || !frames.isMemoryLocked else { return }
        logger.warning(
            "capture runs without real-time priority or locked memory: allow this user rtprio and memlock in limits.conf"
        )
    }
}
