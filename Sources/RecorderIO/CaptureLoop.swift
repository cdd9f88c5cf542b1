internal import Audio
internal import Capture
internal import FrameRing

/// The capture thread: moves frames from the device into the ring, and says when the device had delivered them.
///
/// Once running it allocates nothing, takes no lock, and touches no file (CAP-3). The device writes straight into the
/// ring's memory.
struct CaptureLoop: ~Copyable, Sendable {
    private let options: CaptureOptions
    private let format: AudioFormat
    private let periodFrameCount: Int
    private let bufferFrameCount: Int
    /// Where the device is looked for when it is lost.
    private let card: SoundCard?
    private let control: CaptureControl
    private var device: ALSADevice?
    private var frames: FrameProducer
    private var blocks: FrameProducer
    /// Frames that may still be read before the recording has its full length.
    private var remainingFrameCount: Int
    private var capturedFrameCount: Int64 = 0
    private var lastObservation: DeviceStatus?
    private var lastDeliveredFrameCount: Int64 = 0
    /// When the moment of a frame was seen last.
    private var lastEdge: HostTime?
    /// How often it was looked for since then, in vain: a driver that counts in coarse steps never shows one.
    private var missedEdgeCount = 0
    private var discontinuity: Gap.Cause?
    /// True while the ring has been full since frames last fitted.
    private var wasRingFull = false
    private var failedReadCount = 0
    private var vainWakeCount = 0
    /// How long the machine slept before capture, and has since: the host's clock stands still then, and a gap lasts on.
    private var secondsAsleepAtStart: Double?
    private var sleptNanoseconds: Int64 = 0

    /// Blocks that are kept free for what must never be left unsaid: lost, ended, stopped.
    private static let reservedBlockCount = 4
    private static let realtimePriority: Int32 = 20
    private static let reopenMilliseconds = 250
    /// How long a full ring may delay the end.
    private static let stopSeconds = 2.0
    /// How long to look for the moment at which the device delivers a frame: one frame at 8 kHz, twice.
    private static let edgeSeconds = 250e-6
    /// Two looks further apart than this do not tell when between them a frame came: a quarter of one at 48 kHz.
    private static let edgeBlurSeconds = 5e-6
    /// How often that is done at least: once in each second over which `DeviceClock` looks for the best.
    private static let edgeIntervalSeconds = 0.7
    private static let missedEdgeLimit = 10
    private static let vainWakeLimit = 10
    /// A sleep shorter than this is no sleep.
    private static let leastSleepSeconds = 0.1

    init(
        device: consuming ALSADevice,
        options: CaptureOptions,
        frames: consuming FrameProducer,
        blocks: consuming FrameProducer,
        control: CaptureControl,
        frameLimit: Int64?
    ) {
        format = device.format
        periodFrameCount = device.periodFrameCount
        bufferFrameCount = device.bufferFrameCount
        card = device.card
        self.options = options.fixed(to: device.format)
        self.device = consume device
        self.frames = frames
        self.blocks = blocks
        self.control = control
        remainingFrameCount = frameLimit.map { Int($0) } ?? .max
    }

    /// Starts the device, before the thread.
    mutating func start() -> Bool { device?.start() ?? false }

    /// Runs until told to stop, or until the device's source or the recording ends. The caller has started the device.
    consuming func run() {
        control.setRealtime(RealtimeThread.becomeRealtime(priority: Self.realtimePriority))
        while !control.isStopRequested {
            if device == nil { reopen() } else if step() { break }
        }
        if control.isStopRequested { stop() }
        // Also if it is awake just now: it may have looked for blocks already, and would sleep on.
        frames.wakeConsumer()
    }

    /// One wake-up. True if there will be no more frames.
    private mutating func step() -> Bool {
        if isRingFull {
            wasRingFull = true
            // The frames stay with the device, whose own buffer is further slack (RING-2).
            sleep(milliseconds: control.isFreeRunning ? 2 : max(1, periodMilliseconds))
        } else {
            device?.wait(event: control.wakeup.fileDescriptor, timeoutMilliseconds: Int32(2 * periodMilliseconds + 100))
        }
        guard let status = device?.status() else { return false }
        switch status.state {
        case .running, .draining:
            let before = capturedFrameCount
            let isOver = take(status)
            vainWakeCount = capturedFrameCount == before ? vainWakeCount + 1 : 0
            // A driver that calls itself ready and gives nothing must not take the processor from everyone else.
            if vainWakeCount > Self.vainWakeLimit { sleep(milliseconds: 1) }
            return isOver
        case .overrun:
            restart(after: wasRingFull ? .ringFull : .xrun)
        case .suspended:
            if device?.resume() != true { restart(after: .suspend) } else { discontinuity = .suspend }
        case .lost, .stopped:
            lose()
        }
        return false
    }

    private var isRingFull: Bool {
        mutating get { frames.freeFrameCount() == 0 || blocks.freeFrameCount() <= Self.reservedBlockCount }
    }

    private var periodMilliseconds: Int { min(1000, periodFrameCount * 1000 / format.sampleRate) }

    /// Moves what waits into the ring. True if there will be no more.
    private mutating func take(_ seen: DeviceStatus) -> Bool {
        guard !isRingFull else { return false }
        guard seen.waitingFrameCount > 0 || seen.state == .draining else { return false }
        let status = seen.state == .running && hasTime(seen) && isSurprising(seen) ? atFrameEdge(seen) : seen
        let deliveredFrameCount = capturedFrameCount + Int64(status.waitingFrameCount)
        var end = false
        var isInterrupted = false
        let wanted = min(max(1, status.waitingFrameCount), remainingFrameCount)
        let count = frames.write(atMost: wanted) { region in
            switch device?.read(into: &region, atMost: wanted) {
            case .frames(let count): return count
            case .ended:
                end = true
                return 0
            case .interrupted, nil:
                isInterrupted = true
                return 0
            }
        }
        if isInterrupted { return failedRead() }
        failedReadCount = 0
        if count > 0 {
            wasRingFull = false
            capturedFrameCount += Int64(count)
            remainingFrameCount -= count
            push(
                CaptureBlock(
                    kind: .frames,
                    frameCount: Int64(count),
                    deliveredFrameCount: deliveredFrameCount,
                    hostTime: status.hostTime,
                    discontinuity: discontinuity
                )
            )
            discontinuity = nil
            lastObservation = status
            lastDeliveredFrameCount = deliveredFrameCount
        }
        guard end || remainingFrameCount == 0 else { return false }
        push(CaptureBlock(kind: .ended, hostTime: status.hostTime))
        return true
    }

    /// A read failed though the state was good just before. The next look at the state tells why, unless it never does.
    private mutating func failedRead() -> Bool {
        failedReadCount += 1
        if failedReadCount > 20 { lose() }
        return false
    }

    /// True if the device can wait for a closer look: its buffer is neither short nor nearly full.
    private func hasTime(_ status: DeviceStatus) -> Bool {
        bufferFrameCount >= format.sampleRate / 10 && status.waitingFrameCount <= bufferFrameCount * 3 / 4
    }

    /// True if the device's frame count is not where the last one and the nominal rate put it: then its place in time
    /// is worth a closer look.
    @_noLocks @_noAllocation
    private func isSurprising(_ status: DeviceStatus) -> Bool {
        guard discontinuity == nil, let lastObservation else { return true }
        let seconds = status.hostTime.seconds(since: lastObservation.hostTime)
        let frameCount = capturedFrameCount + Int64(status.waitingFrameCount) - lastDeliveredFrameCount
        if seconds - Double(frameCount) / Double(format.sampleRate) > 0.001 { return true }
        // What is usual must be known as exactly as what surprises.
        guard missedEdgeCount < Self.missedEdgeLimit else { return false }
        return lastEdge.map { status.hostTime.seconds(since: $0) > Self.edgeIntervalSeconds } ?? true
    }

    /// Looks until the device delivers one more frame, so that its count and the time belong together exactly.
    ///
    /// A frame that came while this thread was off the processor tells nothing: then it is the next block's turn.
    private mutating func atFrameEdge(_ first: DeviceStatus) -> DeviceStatus {
        var status = first
        // By this thread's own look at the clock: a driver's stamps may stand still between its interrupts.
        let begin = HostTime.now()
        while HostTime.now().seconds(since: begin) < Self.edgeSeconds {
            guard let next = device?.status(), next.state == .running else { return first }
            let isClose = next.hostTime.seconds(since: status.hostTime) < Self.edgeBlurSeconds
            if isClose, next.waitingFrameCount == status.waitingFrameCount + 1 {
                lastEdge = next.hostTime
                missedEdgeCount = 0
                return next
            }
            status = next
        }
        missedEdgeCount += 1
        return status
    }

    // MARK: When things go wrong

    private mutating func restart(after cause: Gap.Cause) {
        discontinuity = discontinuity ?? cause
        lastEdge = nil
        failedReadCount = 0
        // A device that overruns before anything can be read must not take the processor from everyone else.
        vainWakeCount += 1
        if vainWakeCount > Self.vainWakeLimit { sleep(milliseconds: 1) }
        if device?.start() != true { lose() }
    }

    private mutating func lose() {
        device = nil
        lastEdge = nil
        failedReadCount = 0
        // One that comes back and goes again before its first frame was never back.
        guard discontinuity != .deviceLost else { return }
        discontinuity = .deviceLost
        push(CaptureBlock(kind: .lost, hostTime: .now()))
    }

    /// Tries to get a lost device back, on the same timeline (CAP-6).
    private mutating func reopen() {
        sleep(milliseconds: Self.reopenMilliseconds)
        guard !control.isStopRequested else { return }
        do throws(CaptureError) {
            let found = try ALSADevice(options, lostFrom: card)
            control.isOtherDevicePresent = false
            if found.start() { device = consume found }
        } catch {
            // Still away. The timeline shows the loss; the next try follows.
            if case .otherDevice = error { control.isOtherDevicePresent = true }
        }
    }

    /// Takes what the device has captured up to this moment, then says when this was (REC-5).
    private mutating func stop() {
        let now = HostTime.now()
        var waiting = device?.status().waitingFrameCount ?? 0
        while waiting > 0, HostTime.now().seconds(since: now) < Self.stopSeconds {
            let before = capturedFrameCount
            guard let status = device?.status(), status.state == .running || status.state == .draining else { break }
            if take(status) { break }
            let count = Int(capturedFrameCount - before)
            waiting -= count
            if count == 0 {
                guard isRingFull else { break }
                sleep(milliseconds: 2)
            }
        }
        push(CaptureBlock(kind: .stopped, hostTime: now, discontinuity: discontinuity))
    }

    private mutating func sleep(milliseconds: Int) {
        control.wakeup.wait(timeout: .milliseconds(milliseconds))
    }

    /// Tells the recorder of a block, its time counted on through the machine's sleep.
    private mutating func push(_ block: CaptureBlock) {
        if let now = HostTime.secondsAsleep() {
            let slept = now - (secondsAsleepAtStart ?? now)
            secondsAsleepAtStart = secondsAsleepAtStart ?? now
            if slept - Double(sleptNanoseconds) / 1e9 > Self.leastSleepSeconds { sleptNanoseconds = Int64(slept * 1e9) }
        }
        var block = block
        block.hostTime = HostTime(nanoseconds: block.hostTime.nanoseconds + sleptNanoseconds)
        let count = blocks.write(atMost: 1) { bytes in
            block.store(into: &bytes)
            return 1
        }
        precondition(count == 1, "the reserve of blocks is used up")
    }
}
