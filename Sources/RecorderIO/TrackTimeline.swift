internal import Audio
internal import Capture

/// Places a track's frames on the recording's timeline, and finds what is missing (REC-1, CAP-5).
///
/// It takes the capture thread's blocks and gives back steps: so many frames from the ring, so much silence. Frames
/// after a discontinuity are held back until their place is certain, which takes `settlingSeconds`; all else passes at
/// once. A pure value, driven by the times in the blocks alone.
struct TrackTimeline {
    enum Step: Equatable {
        case frames(Int64)
        case silence(Int64, Gap.Cause)
    }

    /// A place where frames are, or seem to be, missing: from it on, observations are later than before it.
    private struct Suspicion {
        /// Captured frames before it.
        var capturedFrameCount: Int64
        var cause: Gap.Cause
        /// The least late observation since; the loss cannot be larger than that says.
        var best: (deliveredFrameCount: Int64, hostTime: HostTime)?
        var lateness = Double.infinity
        var worstLateness = -Double.infinity
        var observationCount = 0

        var isReported: Bool { cause != .unreported }
    }

    private struct PlacedGap {
        var capturedFrameCount: Int64
        var frameCount: Int64
        var cause: Gap.Cause
    }

    /// How long an unexpected lateness must last until it counts as a loss, and how long the end of a reported one is
    /// measured: a driver that was only late has caught up by then.
    static let settlingSeconds = 0.4
    /// A device that goes on losing is not waited for longer than this.
    private static let longestSettlingSeconds = 2.0
    /// A lost device delays the writer by this much at most (REC-3).
    private static let lostDelaySeconds = 1.0
    /// Lateness below this is never taken for a loss: scheduling and coarse drivers cause as much.
    private static let leastLossSeconds = 0.003
    /// Lateness above this that passes is a machine that stalled, and says nothing of the device.
    private static let longestJitterSeconds = 0.025
    /// The part of the jitter that is forgotten in a second, and the most that an observation forgets.
    private static let jitterDecay = 0.07
    private static let jitterDecayPerObservation = 0.02
    /// Fewer observations say nothing on a device whose times are uneven.
    private static let settlingObservationCount = 3
    /// The same while it is not yet known how uneven they are, which takes two seconds and eight observations.
    private static let earlySettlingObservationCount = 4
    /// More than any device's clock drifts against the host's.
    private static let driftLimit = 0.001
    private static let suspicionLimit = 16
    /// A device without a clock has shown by then that it has none.
    private static let clockSeconds = 0.6

    private(set) var clock: DeviceClock
    private let periodSeconds: Double
    /// Frames that have come out of the capture thread.
    private var capturedFrameCount: Int64 = 0
    /// Of those, frames that `nextStep` has given out.
    private var placedFrameCount: Int64 = 0
    /// Silence that stands before the next frame to be captured.
    private(set) var silentFrameCount: Int64 = 0
    /// What the device had delivered at the last observation: a loss that the next one shows lies behind it.
    private var deliveredFrameCount: Int64 = 0
    /// Open suspicions by place, each later than the one before: their differences are the losses.
    private var suspicions: [Suspicion] = []
    /// When the first of them arose, and when one last arose, or shrank.
    private var suspectedAt = HostTime(nanoseconds: 0)
    private var settlesFrom = HostTime(nanoseconds: 0)
    private var settlesFromCount = 0
    /// How late the worst observation of the open suspicions was.
    private var worstExcess = 0.0
    private var placedGaps: [PlacedGap] = []
    private(set) var isLost = false
    /// How much later than usual observations are at worst, slowly forgotten.
    private var jitterSeconds = 0.0
    private var observationCount = 0
    private var lastGoodTime = HostTime(nanoseconds: 0)
    /// When the device said anything first.
    private var firstObservation: (deliveredFrameCount: Int64, hostTime: HostTime)?

    init(format: AudioFormat, periodFrameCount: Int) {
        clock = DeviceClock(nominalRate: format.sampleRate)
        periodSeconds = Double(periodFrameCount) / Double(format.sampleRate)
        placedGaps.reserveCapacity(2 * Self.suspicionLimit)
        suspicions.reserveCapacity(Self.suspicionLimit)
    }

    /// The least lateness that is taken for a loss: more on a device whose times are uneven, and more the longer the last
    /// good observation is ago, as the device's clock drifts.
    private func lossThreshold(at hostTime: HostTime) -> Double {
        let drift = Self.driftLimit * (1 + hostTime.seconds(since: lastGoodTime))
        return max(Self.leastLossSeconds, 2 * jitterSeconds, drift)
    }

    /// Whether enough has been seen of the device to know how uneven its times are.
    private func isJitterKnown(at hostTime: HostTime) -> Bool {
        observationCount >= 8 && hostTime.seconds(since: firstObservation?.hostTime ?? hostTime) >= 2
    }

    /// When the first frame was captured; for a device without a clock, when it was first read.
    var startTime: HostTime? {
        guard let first = firstObservation else { return nil }
        let waited = clock.isFreeRunning ? 0 : Double(first.deliveredFrameCount) / clock.nominalRate
        return HostTime(nanoseconds: first.hostTime.nanoseconds - Int64(waited * 1e9))
    }

    /// Whether the device has a clock; nil while too little has been seen of it.
    var hasClock: Bool? {
        if clock.isFreeRunning { return false }
        guard let first = firstObservation, lastGoodTime.seconds(since: first.hostTime) > Self.clockSeconds else {
            return nil
        }
        return true
    }

    // MARK: In

    mutating func accept(_ block: CaptureBlock) {
        if let cause = block.discontinuity { beginReportedGap(cause, at: block.hostTime) }
        switch block.kind {
        case .frames:
            capturedFrameCount += block.frameCount
            isLost = false
            observe(block.deliveredFrameCount, at: block.hostTime)
        case .lost:
            settle()
            isLost = true
        case .ended:
            settle()
        case .stopped:
            settle()
            fillToEnd(block.hostTime, block.discontinuity)
        }
    }

    private mutating func beginReportedGap(_ cause: Gap.Cause, at hostTime: HostTime) {
        if suspicions.count == Self.suspicionLimit { settle() }
        guard firstObservation != nil, !clock.isFreeRunning else { return }
        // What the device held and had not handed over is gone: no gap can lie behind it.
        for index in placedGaps.indices {
            placedGaps[index].capturedFrameCount = min(placedGaps[index].capturedFrameCount, capturedFrameCount)
        }
        for index in suspicions.indices {
            suspicions[index].capturedFrameCount = min(suspicions[index].capturedFrameCount, capturedFrameCount)
        }
        suspect(cause, behind: capturedFrameCount, at: hostTime)
    }

    private mutating func suspect(_ cause: Gap.Cause, behind capturedFrameCount: Int64, at hostTime: HostTime) {
        if suspicions.isEmpty {
            suspectedAt = hostTime
            worstExcess = 0
        }
        settlesFrom = hostTime
        settlesFromCount = observationCount
        suspicions.append(Suspicion(capturedFrameCount: capturedFrameCount, cause: cause))
    }

    private mutating func observe(_ delivered: Int64, at hostTime: HostTime) {
        defer { deliveredFrameCount = delivered }
        observationCount += 1
        guard let lateness = clock.lateness(ofFrame: delivered + silentFrameCount, at: hostTime) else {
            firstObservation = (delivered, hostTime)
            clock.observe(frameCount: delivered, at: hostTime)
            lastGoodTime = hostTime
            return
        }
        let threshold = lossThreshold(at: hostTime)
        let excess = lateness - clock.usualLateness
        let known = suspicions.last.map { $0.lateness } ?? clock.usualLateness
        // Later than can be explained: frames are missing behind the last observation, or are only late.
        if lateness > known + threshold, !clock.isFreeRunning {
            if let last = suspicions.last, !last.isReported, last.observationCount == 1 {
                // The device was losing still when it was seen last: what it had delivered by then came before the loss.
                suspicions.removeLast()
                suspect(.unreported, behind: deliveredFrameCount, at: hostTime)
            } else if suspicions.count < Self.suspicionLimit {
                suspect(.unreported, behind: deliveredFrameCount, at: hostTime)
            }
        }
        if !suspicions.isEmpty { weigh(lateness, delivered, hostTime, threshold) }
        if suspicions.isEmpty {
            learnJitter(max(excess, worstExcess), at: hostTime)
            clock.observe(frameCount: delivered + silentFrameCount, at: hostTime)
            lastGoodTime = hostTime
        } else {
            worstExcess = max(worstExcess, excess)
            let settlingObservationCount =
                isJitterKnown(at: suspectedAt) ? Self.settlingObservationCount : Self.earlySettlingObservationCount
            let isQuiet =
                hostTime.seconds(since: settlesFrom) >= Self.settlingSeconds
                && observationCount - settlesFromCount >= settlingObservationCount - 1
            guard
                isQuiet
                    || hostTime.seconds(since: suspectedAt) >= Self.longestSettlingSeconds
            else { return }
            settle()
        }
    }

    /// Bounds the suspicions by one more observation: a loss cannot be larger than the least lateness after it. Those
    /// that shrink to nothing were frames that only came late.
    private mutating func weigh(_ lateness: Double, _ delivered: Int64, _ hostTime: HostTime, _ threshold: Double) {
        suspicions[suspicions.count - 1].observationCount += 1
        for index in suspicions.indices {
            suspicions[index].worstLateness = max(suspicions[index].worstLateness, lateness)
        }
        for index in suspicions.indices where lateness < suspicions[index].lateness {
            // Still catching up.
            if lateness < suspicions[index].lateness - threshold {
                settlesFrom = hostTime
                settlesFromCount = observationCount
            }
            suspicions[index].lateness = lateness
            suspicions[index].best = (delivered, hostTime)
        }
        var before = clock.usualLateness
        var kept = 0
        for index in suspicions.indices {
            let suspicion = suspicions[index]
            guard suspicion.isReported || suspicion.lateness - before > threshold else { continue }
            suspicions[kept] = suspicion
            kept += 1
            before = suspicion.lateness
        }
        suspicions.removeLast(suspicions.count - kept)
    }

    private mutating func learnJitter(_ excess: Double, at hostTime: HostTime) {
        let elapsed = hostTime.seconds(since: lastGoodTime)
        jitterSeconds *= 1 - max(0, min(Self.jitterDecay * elapsed, Self.jitterDecayPerObservation))
        if excess <= Self.longestJitterSeconds { jitterSeconds = max(jitterSeconds, excess) }
        worstExcess = 0
    }

    /// Decides the open suspicions from what has been seen of them.
    private mutating func settle() {
        let usual = clock.usualLateness
        var placed: Int64 = 0
        var best: (deliveredFrameCount: Int64, hostTime: HostTime)?
        for suspicion in suspicions where suspicion.best != nil && isCredible(suspicion, usual) {
            let missing = clock.frameCount(in: suspicion.lateness - usual) - placed
            place(missing, suspicion.cause, at: suspicion.capturedFrameCount)
            placed += max(0, missing)
            best = suspicion.best
        }
        suspicions.removeAll(keepingCapacity: true)
        let worst = worstExcess
        worstExcess = 0
        guard let best else {
            // Nothing was missing: the device's times are as uneven as that.
            if worst <= Self.longestJitterSeconds { jitterSeconds = max(jitterSeconds, worst) }
            return
        }
        lastGoodTime = best.hostTime
        if placed > 0 {
            clock.restart(frameCount: best.deliveredFrameCount + silentFrameCount, at: best.hostTime)
        } else {
            clock.observe(frameCount: best.deliveredFrameCount + silentFrameCount, at: best.hostTime)
        }
    }

    /// As long as little is known of a device, a loss must stand out from how uneven the observations after it are.
    private func isCredible(_ suspicion: Suspicion, _ usual: Double) -> Bool {
        guard !suspicion.isReported, !isJitterKnown(at: suspectedAt) else { return true }
        return suspicion.lateness - usual > 4 * (suspicion.worstLateness - suspicion.lateness)
    }

    private mutating func place(_ frameCount: Int64, _ cause: Gap.Cause, at capturedFrameCount: Int64) {
        guard frameCount > 0 else { return }
        silentFrameCount += frameCount
        placedGaps.append(PlacedGap(capturedFrameCount: capturedFrameCount, frameCount: frameCount, cause: cause))
    }

    /// The recording lasts until it was told to stop, whether or not the device did (CAP-5). A gap that was reported
    /// and not yet over is `cause`.
    private mutating func fillToEnd(_ end: HostTime, _ cause: Gap.Cause?) {
        guard !clock.isFreeRunning,
            let lateness = clock.lateness(ofFrame: capturedFrameCount + silentFrameCount, at: end)
        else { return }
        let excess = lateness - clock.usualLateness
        let cause = isLost ? .deviceLost : cause
        // Else a part of a period may be with the device still.
        guard cause != nil || excess > max(lossThreshold(at: end), periodSeconds + 0.05) else { return }
        place(clock.frameCount(in: excess), cause ?? .unreported, at: capturedFrameCount)
    }

    /// Lets go of frames that are held back, because the ring needs the room: a device that had kept many seconds gives
    /// them all at once. The loss, if it is one, is then placed behind them.
    mutating func release() {
        guard suspicions.allSatisfy({ !$0.isReported }) else { return settle() }
        for index in suspicions.indices { suspicions[index].capturedFrameCount = capturedFrameCount }
    }

    // MARK: Out

    /// What to write next; nil if all that is certain has been written. `now` lets a lost device's silence grow.
    mutating func nextStep(now: HostTime) -> Step? {
        // A device that says no more must not hold back what it gave.
        if suspicions.last?.best != nil, now.seconds(since: suspectedAt) > 2 * Self.longestSettlingSeconds { settle() }
        if let gap = placedGaps.first, gap.capturedFrameCount <= placedFrameCount {
            placedGaps.removeFirst()
            return .silence(gap.frameCount, gap.cause)
        }
        // A gap may lie behind frames that the device has, and the ring has not yet.
        let held = placedGaps.first?.capturedFrameCount ?? suspicions.first?.capturedFrameCount
        let end = min(held ?? capturedFrameCount, capturedFrameCount)
        if end > placedFrameCount {
            let count = end - placedFrameCount
            placedFrameCount = end
            return .frames(count)
        }
        guard isLost, !clock.isFreeRunning, placedGaps.isEmpty, suspicions.isEmpty,
            let lateness = clock.lateness(ofFrame: capturedFrameCount + silentFrameCount, at: now)
        else { return nil }
        let count = clock.frameCount(in: lateness - clock.usualLateness - Self.lostDelaySeconds)
        guard count > 0 else { return nil }
        silentFrameCount += count
        return .silence(count, .deviceLost)
    }
}
