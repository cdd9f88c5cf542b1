internal import Audio
internal import Capture
internal import FrameRing
internal import Logging

/// The recorder thread: takes frames out of the ring, puts them in their place, encodes, syncs, and finalizes.
///
/// It wakes twice a second, or when the ring is a quarter full (RING-4), and allocates nothing per block (PERF-5).
struct RecorderLoop: ~Copyable, Sendable {
    let options: RecorderOptions
    let format: AudioFormat
    private let card: SoundCard?
    let control: CaptureControl
    let shared: RecorderShared
    let logger: Logger
    /// Where the files are.
    let folder: String
    /// nil while none can be written.
    var file: RecordingFile?
    /// Why the last file ended, or takes no more.
    var failure: RecorderError?
    var outage = FileOutage()
    var hasToldOfOutage = false
    /// Frames that were captured since a file ended, and could not be kept.
    var droppedFrameCount: Int64 = 0
    var lowSpace = LowSpaceWatch()
    private var frames: FrameConsumer
    private var blocks: FrameConsumer
    var timeline: TrackTimeline
    var liveness: Liveness
    private let metrics: CaptureMetrics
    /// What the timeline has given out, and no file has taken.
    private var waitingStep: TrackTimeline.Step?
    /// The track's frames so far: in files, or dropped.
    private(set) var position: Int64 = 0
    /// Frames that the track may have, over all its files.
    private let frameLimit: Int64
    private var recentPeak: Float = 0
    /// Whether the device has given all that it will.
    private var isCaptureOver = false
    private(set) var isOver = false
    private var hasWarned = false
    private var hasToldOfOtherDevice = false
    /// Both clocks at the start, read once: steps of the wall clock move nothing after that (REC-6).
    let wallTimeAtStart = WallClock.now()
    let hostTimeAtStart = HostTime.now()
    private var lastSync = HostTime.now()

    private static let wakeInterval = Duration.milliseconds(500)
    /// A little less than the wake-ups' interval, so that each of them syncs: with the period that the device still
    /// has (250 ms), that leaves the disk a quarter of the second that a power cut may take (REC-8).
    private static let syncSeconds = 0.4
    /// Larger than the buffer of `EncodedBytes`, so that it is passed by; small enough for the reserve.
    private static let pieceByteCount = 1 << 19

    init(
        options: RecorderOptions,
        format: AudioFormat,
        card: SoundCard?,
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
        folder = Folder.parent(of: options.filePath)
        self.format = format
        self.card = card
        self.control = control
        self.shared = shared
        self.logger = logger
        self.frames = frames
        self.blocks = blocks
        self.frameLimit = frameLimit ?? .max
        timeline = TrackTimeline(format: format, periodFrameCount: periodFrameCount)
        liveness = Liveness(
            format: format,
            periodFrameCount: periodFrameCount,
            limits: options.liveness,
            now: .now()
        )
        metrics = CaptureMetrics(device: options.capture.deviceName)
    }

    /// Runs until capture has ended and all of it is in the file; then finalizes.
    consuming func run() -> RecordingOutcome {
        watchSpace()
        while !isOver {
            frames.waitForFrames(timeout: Self.wakeInterval)
            do throws(RecorderError) {
                try drain()
                try syncIfDue()
            } catch {
                endFile(error)
            }
            watchSpace()
            lookForRoom()
            report()
            if !isOver, let wish = shared.nextFile.take() { startNextFile(wish) }
        }
        shared.nextFile.close()
        control.stop()
        return finalizeLastFile()
    }

    // MARK: From the ring to the file

    private mutating func drain() throws(RecorderError) {
        let fill = Double(frames.availableFrameCount()) / Double(frames.frameCapacity)
        shared.update { $0.ringFill = fill }
        while let block = nextBlock() {
            timeline.accept(block)
            if block.kind == .frames { liveness.arrive(block.frameCount, now: .now()) }
            if timeline.clock.isFreeRunning, !control.isFreeRunning { control.isFreeRunning = true }
            if block.kind == .ended || block.kind == .stopped { isCaptureOver = true }
            try takeSteps()
            if block.kind == .lost {
                let identity = card.map { " (\($0.identity))" } ?? ""
                logger.warning("the device\(identity) is lost: waiting for it to come back")
            }
            if block.kind == .frames, block.discontinuity == .deviceLost { logger.notice("the device is back") }
        }
        // Without a file the ring is kept three quarters full.
        let limit = file == nil ? frames.frameCapacity * 7 / 8 : frames.frameCapacity / 2
        if frames.availableFrameCount() > limit { timeline.release() }
        try takeSteps()
        isOver = isCaptureOver || position >= frameLimit
    }

    /// Whether no other file can follow.
    var isEnding: Bool { isCaptureOver || control.isStopRequested || position >= frameLimit }

    private mutating func takeSteps() throws(RecorderError) {
        if file != nil, failure == nil { try writeSteps() } else { dropSteps() }
    }

    private mutating func nextBlock() -> CaptureBlock? {
        var block: CaptureBlock?
        _ = blocks.read(atMost: 1) { bytes in
            block = CaptureBlock(bytes)
            return 1
        }
        return block
    }

    private mutating func nextStep(_ now: HostTime) -> TrackTimeline.Step? {
        guard position < frameLimit else { return nil }
        return waitingStep.take() ?? timeline.nextStep(now: now)
    }

    /// Whatever happens to the file, a step is written to it, or waits for the next one.
    private mutating func writeSteps() throws(RecorderError) {
        // Looked at once: while a slow machine writes a lost device's silence, the next frame of it is due already.
        let now = HostTime.now()
        while let step = nextStep(now) {
            waitingStep = step
            let room = frameLimit - position
            switch step {
            case .frames(let count):
                let written = try writeFrames(Int(min(count, room)))
                position += written
                waitingStep = count > written ? .frames(count - written) : nil
            case .silence(let count, let cause):
                guard let silence = try file?.writeSilence(min(count, room), cause) else { return }
                position += silence.frameCount
                metrics.count(gap: cause, frameCount: silence.frameCount, isNew: silence.isNew)
                waitingStep = count > silence.frameCount ? .silence(count - silence.frameCount, cause) : nil
                if silence.isNew, let gap = file?.gaps.last {
                    let time = format.duration(ofFrames: gap.firstFrame)
                    logger.warning("gap (\(cause.rawValue)) at \(time), frame \(gap.firstFrame)")
                }
            }
            try file?.checkRoom()
        }
    }

    /// Writes one piece, and returns its length.
    private mutating func writeFrames(_ frameCount: Int) throws(RecorderError) -> Int64 {
        let piece = min(frameCount, max(1, Self.pieceByteCount / format.bytesPerFrame))
        let place = position
        let count = try frames.read(atMost: piece) { (bytes) throws(RecorderError) in
            recentPeak = max(recentPeak, try file?.write(bytes) ?? 0)
            liveness.accept(bytes, at: place)
            return bytes.byteCount / format.bytesPerFrame
        }
        precondition(count > 0, "a block promised frames that are not in the ring")
        return Int64(count)
    }

    /// Leaves in the ring what it can keep for the next file, and counts what it cannot.
    private mutating func dropSteps() {
        let now = HostTime.now()
        while let step = nextStep(now) {
            let room = frameLimit - position
            switch step {
            case .frames(let count):
                let dropped = Int64(frames.availableFrameCount() - keptFrameCount)
                guard dropped > 0 else { return waitingStep = step }
                let place = position
                let piece = frames.read(atMost: Int(min(dropped, count, room))) { bytes in
                    liveness.accept(bytes, at: place)
                    return bytes.byteCount / format.bytesPerFrame
                }
                position += Int64(piece)
                droppedFrameCount += Int64(piece)
                waitingStep = count > piece ? .frames(count - Int64(piece)) : nil
            // No file is made longer by what was missing while there was none.
            case .silence(let count, _): position += min(count, room)
            }
        }
    }

    /// How much of the ring may wait for the next file.
    private var keptFrameCount: Int {
        if isEnding { return 0 }
        // What follows those frames is silence without end, which no file is to begin with.
        if timeline.isLost { return 0 }
        // A device without a clock waits as well (RING-2).
        return control.isFreeRunning ? .max : frames.frameCapacity * 3 / 4
    }

    private mutating func syncIfDue() throws(RecorderError) {
        guard HostTime.now().seconds(since: lastSync) >= Self.syncSeconds else { return }
        guard failure == nil else { return }
        try file?.sync()
        lastSync = .now()
        try file?.checkRoom()
    }

    // MARK: For those who watch

    private mutating func report() {
        judge()
        shared.update { progress in
            progress.frameCount = file?.frameCount ?? 0
            progress.peak = recentPeak
            progress.gapCount = file?.gaps.count ?? 0
            progress.gapFrameCount = file?.gapFrameCount ?? 0
            progress.isDeviceLost = timeline.isLost
        }
        recentPeak = 0
        if control.isOtherDevicePresent, !hasToldOfOtherDevice, let card {
            let name = options.capture.deviceName
            logger.warning("\(CaptureError.otherDevice(name: name, lost: card.identity.description))")
        }
        hasToldOfOtherDevice = control.isOtherDevicePresent
        guard !hasWarned, let isRealtime = control.isRealtime else { return }
        hasWarned = true
        guard !isRealtime || !frames.isMemoryLocked else { return }
        logger.warning(
            "capture runs without real-time priority or locked memory: allow this user rtprio and memlock in limits.conf"
        )
    }

    /// Tells what has come to be wrong with the device, and what no longer is (CAP-7).
    private mutating func judge() {
        liveness.check(now: .now())
        let changes = liveness.takeChanges()
        guard !changes.isEmpty else { return }
        let held = liveness.held(at: position)
        shared.update { $0.conditions = held }
        for change in changes {
            switch change {
            case .raised(let period):
                let first = max(0, period.firstFrame - (file?.firstFrame ?? position))
                let time = format.duration(ofFrames: first)
                logger.warning("\(period.condition.rawValue)\(channels(period)) since \(time), frame \(first)")
                metrics.setCondition(period.condition, channelCount: period.channels?.count ?? format.channelCount)
            case .cleared(let period):
                let time = format.duration(ofFrames: period.frameCount)
                logger.notice("\(period.condition.rawValue)\(channels(period)) is over after \(time)")
                metrics.setCondition(period.condition, channelCount: 0)
            }
        }
    }

    private func channels(_ period: ConditionPeriod) -> String {
        period.channels.map { " (channels \($0.map(String.init).joined(separator: ", ")))" } ?? ""
    }
}
