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
    var track: DeviceTrack
    var liveness: Liveness
    private let metrics: CaptureMetrics
    /// The track's frames so far: in files, or dropped.
    private(set) var position: Int64 = 0
    /// Frames that the track may have, over all its files.
    private let frameLimit: Int64
    private var recentPeak: Float = 0
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
        self.frameLimit = frameLimit ?? .max
        track = DeviceTrack(
            format: format,
            periodFrameCount: periodFrameCount,
            card: card,
            control: control,
            frames: frames,
            blocks: blocks
        )
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
            track.waitForFrames(timeout: Self.wakeInterval)
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
        let fill = Double(track.availableFrameCount()) / Double(track.frameCapacity)
        shared.update { $0.ringFill = fill }
        while let news = track.acceptBlock() {
            switch news {
            case .arrived(let frameCount), .back(let frameCount): liveness.arrive(frameCount, now: .now())
            case .lost, .over: break
            }
            try takeSteps()
            switch news {
            case .lost(let card):
                let identity = card.map { " (\($0.identity))" } ?? ""
                logger.warning("the device\(identity) is lost: waiting for it to come back")
            case .back: logger.notice("the device is back")
            case .arrived, .over: break
            }
        }
        // Without a file the ring is kept three quarters full.
        track.release(over: file == nil ? track.frameCapacity * 7 / 8 : track.frameCapacity / 2)
        try takeSteps()
        isOver = track.isOver || position >= frameLimit
    }

    /// Whether no other file can follow.
    var isEnding: Bool { track.isOver || control.isStopRequested || position >= frameLimit }

    private mutating func takeSteps() throws(RecorderError) {
        if file != nil, failure == nil { try writeSteps() } else { dropSteps() }
    }

    /// Whatever happens to the file, a step is written to it, or waits for the next one.
    private mutating func writeSteps() throws(RecorderError) {
        // Looked at once: while a slow machine writes a lost device's silence, the next frame of it is due already.
        let now = HostTime.now()
        while let step = track.nextStep(now: now, limit: frameLimit - position) {
            switch step {
            case .frames(let count): position += try writeFrames(count)
            case .silence(let count, let cause):
                guard let silence = try file?.writeSilence(count, cause) else { return }
                position += silence.frameCount
                track.takeSilence(silence.frameCount)
                metrics.count(gap: cause, frameCount: silence.frameCount, isNew: silence.isNew)
                if silence.isNew, let gap = file?.gaps.last {
                    let time = format.duration(ofFrames: gap.firstFrame)
                    logger.warning("gap (\(cause.rawValue)) at \(time), frame \(gap.firstFrame)")
                }
            }
            try file?.checkRoom()
        }
    }

    /// Writes one piece, and returns its length.
    private mutating func writeFrames(_ frameCount: Int64) throws(RecorderError) -> Int64 {
        let place = position
        return try track.takeFrames(atMost: frameCount) { (bytes) throws(RecorderError) in
            recentPeak = max(recentPeak, try file?.write(bytes) ?? 0)
            liveness.accept(bytes, at: place)
            return bytes.byteCount / format.bytesPerFrame
        }
    }

    /// Leaves in the ring what it can keep for the next file, and counts what it cannot.
    private mutating func dropSteps() {
        let now = HostTime.now()
        while let step = track.nextStep(now: now, limit: frameLimit - position) {
            switch step {
            case .frames(let count):
                let dropped = Int64(track.availableFrameCount() - keptFrameCount)
                guard dropped > 0 else { return }
                let place = position
                let piece = track.takeFrames(atMost: min(dropped, count)) { bytes in
                    liveness.accept(bytes, at: place)
                    return bytes.byteCount / format.bytesPerFrame
                }
                position += piece
                droppedFrameCount += piece
            // No file is made longer by what was missing while there was none.
            case .silence(let count, _):
                position += count
                track.takeSilence(count)
            }
        }
    }

    /// How much of the ring may wait for the next file.
    private var keptFrameCount: Int {
        if isEnding { return 0 }
        // What follows those frames is silence without end, which no file is to begin with.
        if track.isLost { return 0 }
        // A device without a clock waits as well (RING-2).
        return control.isFreeRunning ? .max : track.frameCapacity * 3 / 4
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
            progress.isDeviceLost = track.isLost
        }
        recentPeak = 0
        if control.isOtherDevicePresent, !hasToldOfOtherDevice, let card {
            let name = options.capture.deviceName
            logger.warning("\(CaptureError.otherDevice(name: name, lost: card.identity.description))")
        }
        hasToldOfOtherDevice = control.isOtherDevicePresent
        guard !hasWarned, let isRealtime = control.isRealtime else { return }
        hasWarned = true
        guard !isRealtime || !track.isMemoryLocked else { return }
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
