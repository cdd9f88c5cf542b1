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
    var tracks: RecorderTracks
    private let metrics: CaptureMetrics
    /// The track's frames so far: in files, or dropped.
    var position: Int64 = 0
    /// Finds events; nil where all is recorded.
    var trigger: LevelTrigger?
    /// Frames that the track may have, over all its files.
    let frameLimit: Int64
    private var recentPeak: Float = 0
    private(set) var isOver = false
    /// Where the present segment ends; no frame in a recording that is one file (REC-10).
    var seam = Int64.max
    /// The frame that lengths of segments are counted from.
    var seamOrigin: Int64 = 0
    /// Gaps in the files before the present one.
    var earlierGaps: (count: Int, frameCount: Int64) = (0, 0)
    /// Whether frames wait in the ring until an ended segment is finalized, and did so when this wake-up began.
    var isHeld = false
    var wasHeld = false
    /// When the track's first frame was captured, as the first segment knew it: a device that turns out to have no clock
    /// changes that, and segments must be of one mind.
    var segmentedStart: HostTime?
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
        control: CaptureControl,
        shared: RecorderShared,
        logger: Logger,
        tracks: consuming RecorderTracks,
        frameLimit: Int64?
    ) throws(RecorderError) {
        trigger = options.segments?.trigger.map { LevelTrigger($0, format: format) }
        if trigger == nil {
            file = try RecordingFile(
                path: options.filePath,
                recordingID: options.recordingID,
                container: options.container,
                format: format,
                replacing: options.replacesFile,
                firstFrame: 0
            )
        }
        self.options = options
        folder = Folder.parent(of: options.filePath)
        self.format = format
        self.card = card
        self.control = control
        self.shared = shared
        self.logger = logger
        self.frameLimit = frameLimit ?? .max
        self.tracks = tracks
        metrics = CaptureMetrics(device: options.input.deviceName)
    }

    /// Runs until capture has ended and all of it is in the file; then finalizes.
    consuming func run() -> RecordingOutcome {
        watchSpace()
        while !isOver {
            tracks.waitForFrames(timeout: Self.wakeInterval)
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
        tracks.stop()
        return finalizeLastFile()
    }

    // MARK: From the ring to the file

    private mutating func drain() throws(RecorderError) {
        let fill = tracks.fill
        shared.update { $0.ringFill = fill }
        wasHeld = isHeld
        shared.outputSide?.advance(to: .now())
        while let news = tracks.acceptBlock() {
            try takeSteps()
            switch news {
            case .lost(isOutput: false):
                let identity = card.map { " (\($0.identity))" } ?? ""
                logger.warning("the device\(identity) is lost: waiting for it to come back")
            case .lost(isOutput: true): logger.warning("the output's device is lost: waiting for it to come back")
            case .back(let isOutput): logger.notice("the \(isOutput ? "output's device" : "device") is back")
            case nil: break
            }
        }
        // Without a file the ring is kept three quarters full.
        tracks.release(over: file == nil || trigger != nil ? 0.875 : 0.5)
        try takeSteps()
        isOver = (tracks.isOver && !isHeld) || position >= frameLimit
    }

    /// Whether no other file can follow.
    var isEnding: Bool { tracks.isOver || control.isStopRequested || position >= frameLimit }

    private mutating func takeSteps() throws(RecorderError) {
        isHeld = false
        repeat {
            if isListening, !beginEvent() { return }
            guard file != nil, failure == nil else { return dropSteps() }
            try writeSteps()
        } while isListening
    }

    /// Whatever happens to the file, a step is written to it, or waits for the next one.
    private mutating func writeSteps() throws(RecorderError) {
        // Looked at once: while a slow machine writes a lost device's silence, the next frame of it is due already.
        let now = HostTime.now()
        // A seam is made when there is something to go behind it, so that no segment is empty.
        while let step = tracks.nextStep(now: now, limit: frameLimit - position) {
            guard reachSeam() else { return }
            let room = min(seam, eventEnd) - position
            switch step {
            case .frames(let count): position += try writeFrames(min(count, room))
            case .silence(let count, let cause):
                guard let silence = try file?.writeSilence(min(count, room), cause) else { return }
                position += silence.frameCount
                tracks.takeSilence(silence.frameCount)
                tell(ofGap: cause, silence.frameCount, isNew: silence.isNew)
            }
            try file?.checkRoom()
            if position >= eventEnd { return endEvent() }
        }
    }

    /// Writes one piece, and returns its length.
    private mutating func writeFrames(_ frameCount: Int64) throws(RecorderError) -> Int64 {
        let place = position
        let written = try tracks.takeFrames(atMost: frameCount) { (bytes) throws(RecorderError) in
            recentPeak = max(recentPeak, try file?.write(bytes) ?? 0)
            trigger?.goOn(in: bytes, at: place)
            return bytes.byteCount / format.bytesPerFrame
        }
        for gap in tracks.takeGaps() { note(gap) }
        return written
    }

    /// Notes a gap of one track of the session.
    private mutating func note(_ gap: Gap) {
        guard let isNew = file?.note(gap) else { return }
        tell(ofGap: gap.cause, gap.frameCount, isNew: isNew)
    }

    private mutating func tell(ofGap cause: Gap.Cause, _ frameCount: Int64, isNew: Bool) {
        metrics.count(gap: cause, frameCount: frameCount, isNew: isNew)
        guard isNew, let gap = file?.gaps.last else { return }
        let time = format.duration(ofFrames: gap.firstFrame)
        let channels = gap.channels.map { " of channels \($0.map(String.init).joined(separator: ", "))" } ?? ""
        logger.warning("gap (\(cause.rawValue))\(channels) at \(time), frame \(gap.firstFrame)")
    }

    /// Leaves in the ring what it can keep for the next file, and counts what it cannot.
    private mutating func dropSteps() {
        let now = HostTime.now()
        while let step = tracks.nextStep(now: now, limit: frameLimit - position) {
            switch step {
            case .frames(let count):
                // At least one: what is above the limit goes.
                let ringFrameCount = options.ringSeconds * Double(format.sampleRate)
                let dropped = Int64(((tracks.fill - keptFill) * ringFrameCount).rounded(.up))
                guard dropped > 0 else { return }
                let piece = tracks.takeFrames(atMost: min(dropped, count)) { $0.byteCount / format.bytesPerFrame }
                _ = tracks.takeGaps()
                position += piece
                droppedFrameCount += piece
            // No file is made longer by what was missing while there was none.
            case .silence(let count, _):
                position += count
                tracks.takeSilence(count)
            }
        }
    }

    /// How much of the ring may wait for the next file.
    private var keptFill: Double {
        if isEnding { return -1 }
        // What follows those frames is silence without end, which no file is to begin with.
        if tracks.isLost { return -1 }
        // A device without a clock waits as well (RING-2).
        return control.isFreeRunning ? 1 : 0.75
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
            progress.frameCount = isSegmented ? position : file?.frameCount ?? 0
            progress.peak = recentPeak
            progress.gapCount = earlierGaps.count + (file?.gaps.count ?? 0)
            progress.gapFrameCount = earlierGaps.frameCount + (file?.gapFrameCount ?? 0)
            progress.isDeviceLost = tracks.isLost
        }
        recentPeak = 0
        if control.isOtherDevicePresent, !hasToldOfOtherDevice, let card {
            let name = options.input.deviceName
            logger.warning("\(CaptureError.otherDevice(name: name, lost: card.identity.description))")
        }
        hasToldOfOtherDevice = control.isOtherDevicePresent
        if let refusal = tracks.takeRefusal() { logger.warning("\(refusal)") }
        guard !hasWarned, let isRealtime = control.isRealtime else { return }
        hasWarned = true
        guard !isRealtime || !tracks.isMemoryLocked else { return }
        logger.warning(
            "capture runs without real-time priority or locked memory: allow this user rtprio and memlock in limits.conf"
        )
    }

    /// Tells what has come to be wrong with the device, and what no longer is (CAP-7).
    private mutating func judge() {
        tracks.liveness.check(now: .now())
        let changes = tracks.liveness.takeChanges()
        guard !changes.isEmpty else { return }
        let held = tracks.liveness.held(at: position)
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
