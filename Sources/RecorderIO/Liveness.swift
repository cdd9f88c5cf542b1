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

    /// Frames that are missed.
    private struct Absence {
        /// How many frames had come before it, and when the last did.
        var frameCount: Int64
        var since: HostTime
        /// When the next frame came; nil for not yet.
        var until: HostTime?
        var firstFrame: Int64
    }

    private let format: AudioFormat
    private let fileChannelCount: Int
    private let noFramesSeconds: Double
    private let noSignalFrameCount: Int64
    private let allChannels: UInt64
    private var steady: SteadyChannels
    private var absence: Absence?
    private var noSignal: Held?
    private var stuckSignal: Held?
    /// Frames that have come, those of them that have their place, and when one came last.
    private var arrivedCount: Int64 = 0
    private var placedCount: Int64 = 0
    private var lastArrival: HostTime
    private var periods: [ConditionPeriod] = []
    private var omittedCount = 0
    private var changes: [Change] = []

    /// How many periods are listed for a file; those after them are counted.
    static let periodLimit = 1000

    /// - Parameters:
    ///   - format: of the frames that it sees.
    ///   - fileChannelCount: where the file has channels of another track behind those; nil for none.
    ///   - periodFrameCount: of the device, which gives so many frames at once.
    init(
        format: AudioFormat,
        fileChannelCount: Int? = nil,
        periodFrameCount: Int,
        limits: LivenessLimits,
        now: HostTime
    ) {
        self.fileChannelCount = fileChannelCount ?? format.channelCount
        self.format = format
        noFramesSeconds = max(limits.noFramesSeconds, 2 * Double(periodFrameCount) / Double(format.sampleRate))
        noSignalFrameCount = max(1, Int64(limits.noSignalSeconds * Double(format.sampleRate)))
        allChannels = UInt64.max >> UInt64(64 - format.channelCount)
        steady = SteadyChannels(format: format)
        lastArrival = now
    }

    // MARK: In

    /// Notes that frames have come, which `accept` gets once their place is certain.
    mutating func arrive(_ frameCount: Int64, now: HostTime) {
        arrivedCount += frameCount
        lastArrival = now
        if absence != nil, absence?.until == nil { absence?.until = now }
    }

    /// Takes frames that have their place on the track.
    mutating func accept(_ frames: RawSpan, at position: Int64) {
        endAbsence(Int64(frames.byteCount / format.bytesPerFrame), at: position)
        steady.begin(frames, at: position)
        let end = steady.end
        update(leftAt: end)
        steady.advance(frames, at: position)
        update(leftAt: end)
    }

    /// Looks whether frames still come.
    mutating func check(now: HostTime) {
        guard absence == nil, now.seconds(since: lastArrival) >= noFramesSeconds else { return }
        let firstFrame = steady.frameEnd + arrivedCount - placedCount
        absence = Absence(frameCount: arrivedCount, since: lastArrival, firstFrame: firstFrame)
        raise(.noFrames, Held(channels: allChannels, firstFrame: firstFrame))
    }

    /// Looks whether an absence stands before or among frames that have got their place.
    private mutating func endAbsence(_ frameCount: Int64, at position: Int64) {
        defer { placedCount += frameCount }
        guard var absence, absence.frameCount <= placedCount + frameCount else { return }
        let place = position + absence.frameCount - placedCount
        // Between the last frame before it, and the first one after.
        if absence.frameCount > placedCount { absence.firstFrame = place }
        self.absence = absence
        guard absence.frameCount < placedCount + frameCount, let until = absence.until else { return }
        // What was only late, and is no gap, was missed for as long as the clock says.
        let late = Int64(until.seconds(since: absence.since) * Double(format.sampleRate))
        let held = Held(channels: allChannels, firstFrame: absence.firstFrame)
        clear(.noFrames, held, at: place > held.firstFrame ? place : place + late)
        self.absence = nil
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
            channels: channels.count == fileChannelCount ? nil : channels
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
        if let absence {
            let noFrames = Held(channels: allChannels, firstFrame: absence.firstFrame)
            held.append(period(.noFrames, noFrames, until: position))
        }
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
