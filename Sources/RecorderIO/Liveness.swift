internal import Audio

/// Judges a device by what arrives from it, not by whether it runs (CAP-7).
///
/// It sees every frame of the track once, in order. A gap neither begins nor ends a lack of signal, and does not count as
/// one. A pure value, driven by the frames and times that it is given; it allocates only where a condition changes.
struct Liveness {
    /// A condition began to hold, or no longer does.
    enum Change: Equatable {
        case raised(ConditionPeriod)
        case cleared(ConditionPeriod)
    }

    /// For which channels a condition holds, one bit each, and since when.
    private struct Held {
        var channels: UInt64
        var firstFrame: Int64
    }

    private let format: AudioFormat
    private let noFramesSeconds: Double
    private let noSignalFrameCount: Int64
    private let allChannels: UInt64
    private var steady: SteadyChannels
    private var noFrames: Held?
    private var noSignal: Held?
    private var stuckSignal: Held?
    private var lastFrameTime: HostTime
    private var periods: [ConditionPeriod] = []
    private var omittedCount = 0
    private var changes: [Change] = []

    /// How many periods are listed for a file; those after them are counted.
    static let periodLimit = 1000

    init(format: AudioFormat, limits: LivenessLimits, now: HostTime) {
        self.format = format
        noFramesSeconds = limits.noFramesSeconds
        noSignalFrameCount = max(1, Int64(limits.noSignalSeconds * Double(format.sampleRate)))
        allChannels = UInt64.max >> UInt64(64 - format.channelCount)
        steady = SteadyChannels(format: format)
        lastFrameTime = now
    }

    // MARK: In

    /// Takes frames that have their place on the track.
    mutating func accept(_ frames: RawSpan, at position: Int64, now: HostTime) {
        if let held = noFrames {
            // What was only late, and is no gap, was missed for as long as the clock says.
            let late = Int64(now.seconds(since: lastFrameTime) * Double(format.sampleRate))
            noFrames = nil
            clear(.noFrames, held, at: position > held.firstFrame ? position : position + late)
        }
        lastFrameTime = now
        steady.begin(frames, at: position)
        let end = steady.end
        update(leftAt: end)
        steady.advance(frames, at: position)
        update(leftAt: end)
    }

    /// Looks whether frames still come.
    mutating func check(now: HostTime) {
        guard noFrames == nil, now.seconds(since: lastFrameTime) >= noFramesSeconds else { return }
        let held = Held(channels: allChannels, firstFrame: steady.frameEnd)
        noFrames = held
        raise(.noFrames, held)
    }

    private mutating func update(leftAt end: Int64) {
        let channels = steady.steady(for: noSignalFrameCount)
        noSignal = updated(.noSignal, noSignal, channels.zero, leftAt: end)
        stuckSignal = updated(.stuckSignal, stuckSignal, channels.other, leftAt: end)
    }

    /// What holds now, the condition's channels having become `channels`; where they are others, its period ends, and the
    /// next begins.
    ///
    /// - Parameter end: up to where all channels were as they had been.
    private mutating func updated(
        _ condition: CaptureCondition,
        _ held: Held?,
        _ channels: UInt64,
        leftAt end: Int64
    ) -> Held? {
        guard channels != held?.channels ?? 0 else { return held }
        var first: Int64 = 0
        if let held {
            // Where some are only added, it is from where they have been steady.
            let hasLeft = held.channels & ~channels != 0
            first = hasLeft ? end : max(held.firstFrame, steady.firstFrame(of: channels))
            clear(condition, held, at: first)
        }
        guard channels != 0 else { return nil }
        let held = Held(channels: channels, firstFrame: max(first, steady.firstFrame(of: channels)))
        raise(condition, held)
        return held
    }

    private mutating func raise(_ condition: CaptureCondition, _ held: Held) {
        changes.append(.raised(period(condition, held, until: steady.end)))
    }

    private mutating func clear(_ condition: CaptureCondition, _ held: Held, at end: Int64) {
        let period = period(condition, held, until: end)
        changes.append(.cleared(period))
        if periods.count < Self.periodLimit { periods.append(period) } else { omittedCount += 1 }
    }

    private func period(_ condition: CaptureCondition, _ held: Held, until end: Int64) -> ConditionPeriod {
        let channels = (0..<format.channelCount).filter { held.channels >> UInt64($0) & 1 == 1 }.map { $0 + 1 }
        return ConditionPeriod(
            condition: condition,
            firstFrame: held.firstFrame,
            frameCount: max(0, end - held.firstFrame),
            channels: held.channels == allChannels ? nil : channels
        )
    }

    // MARK: Out

    /// What has changed since the last call.
    mutating func takeChanges() -> [Change] {
        guard !changes.isEmpty else { return [] }
        defer { changes = [] }
        return changes
    }

    /// What holds now. `position` is the end of the track so far, gaps included.
    func held(at position: Int64) -> [ConditionPeriod] {
        var held: [ConditionPeriod] = []
        if let noFrames { held.append(period(.noFrames, noFrames, until: position)) }
        if let noSignal { held.append(period(.noSignal, noSignal, until: steady.frameEnd)) }
        if let stuckSignal { held.append(period(.stuckSignal, stuckSignal, until: steady.frameEnd)) }
        return held
    }

    /// What has held, and holds, in the file that goes from one position to another, by the file's own positions; and how
    /// many periods more there were.
    func periods(in file: Range<Int64>) -> (periods: [ConditionPeriod], omittedCount: Int) {
        let all = (periods + held(at: file.upperBound)).compactMap { $0.clipped(to: file) }
        return (all.sorted { $0.firstFrame < $1.firstFrame }, omittedCount)
    }

    /// Forgets what is over, for a file that begins now.
    mutating func beginFile() {
        periods = []
        omittedCount = 0
    }
}

extension ConditionPeriod {
    /// The part that lies in a file, by the file's positions; nil if none does.
    func clipped(to file: Range<Int64>) -> ConditionPeriod? {
        let frames = (firstFrame..<firstFrame + frameCount).clamped(to: file)
        guard !frames.isEmpty else { return nil }
        var period = self
        period.firstFrame = frames.lowerBound - file.lowerBound
        period.frameCount = Int64(frames.count)
        return period
    }
}
