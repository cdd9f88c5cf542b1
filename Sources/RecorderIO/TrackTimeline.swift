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

    /// A place where frames are, or seem to be, missing.
    private struct Suspicion {
        /// Captured frames before it.
        var capturedFrameCount: Int64
        var cause: Gap.Cause
        var since: HostTime
        var settlesFrom: HostTime
        /// The least late observation behind it.
        var best: (deliveredFrameCount: Int64, hostTime: HostTime)?
        var bestLateness = Double.infinity

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

    private(set) var clock: DeviceClock
    private let periodSeconds: Double
    /// Frames that have come out of the capture thread.
    private var capturedFrameCount: Int64 = 0
    /// Of those, frames that `nextStep` has given out.
    private var placedFrameCount: Int64 = 0
    /// Silence that stands before the next frame to be captured.
    private(set) var silentFrameCount: Int64 = 0
    /// What the device had delivered at the last good observation: a loss lies behind it.
    private var deliveredFrameCount: Int64 = 0
    private var suspicion: Suspicion?
    private var placedGaps: [PlacedGap] = []
    private(set) var isLost = false
    /// Running mean of how much later than usual observations are.
    private var jitterSeconds = 0.0
    /// When the device said anything first.
    private var firstObservation: (deliveredFrameCount: Int64, hostTime: HostTime)?

    init(format: AudioFormat, periodFrameCount: Int) {
        clock = DeviceClock(nominalRate: format.sampleRate)
        periodSeconds = Double(periodFrameCount) / Double(format.sampleRate)
        placedGaps.reserveCapacity(16)
    }

    /// The least lateness that is taken for a loss on this device: more on one whose times are uneven.
    private var lossThreshold: Double { max(Self.leastLossSeconds, 4 * jitterSeconds) }

    /// When the first frame was captured; for a device without a clock, when it was first read.
    var startTime: HostTime? {
        guard let first = firstObservation else { return nil }
        let waited = clock.isFreeRunning ? 0 : Double(first.deliveredFrameCount) / clock.nominalRate
        return HostTime(nanoseconds: first.hostTime.nanoseconds - Int64(waited * 1e9))
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
            fillToEnd(block.hostTime)
        }
    }

    private mutating func beginReportedGap(_ cause: Gap.Cause, at hostTime: HostTime) {
        settle()
        guard firstObservation != nil, !clock.isFreeRunning else { return }
        suspicion = Suspicion(
            capturedFrameCount: capturedFrameCount,
            cause: cause,
            since: hostTime,
            settlesFrom: hostTime
        )
    }

    private mutating func observe(_ delivered: Int64, at hostTime: HostTime) {
        guard let lateness = clock.lateness(ofFrame: delivered + silentFrameCount, at: hostTime) else {
            firstObservation = (delivered, hostTime)
            clock.observe(frameCount: delivered, at: hostTime)
            deliveredFrameCount = delivered
            return
        }
        let excess = lateness - clock.usualLateness
        if suspicion == nil, excess > lossThreshold, !clock.isFreeRunning {
            suspicion = Suspicion(
                capturedFrameCount: deliveredFrameCount,
                cause: .unreported,
                since: hostTime,
                settlesFrom: hostTime
            )
        }
        guard var doubt = suspicion else {
            jitterSeconds += (max(0, excess) - jitterSeconds) / 8
            clock.observe(frameCount: delivered + silentFrameCount, at: hostTime)
            deliveredFrameCount = delivered
            return
        }
        let isGrowing = lateness > doubt.bestLateness + lossThreshold
        // The device is still losing: what it had delivered by then came before the loss, which is measured from here.
        if isGrowing, let best = doubt.best {
            doubt.capturedFrameCount = doubt.isReported ? doubt.capturedFrameCount : best.deliveredFrameCount
            doubt.settlesFrom = hostTime
        }
        if lateness < doubt.bestLateness || isGrowing {
            doubt.bestLateness = lateness
            doubt.best = (delivered, hostTime)
        }
        suspicion = doubt
        if !doubt.isReported, excess <= lossThreshold {
            // It was only late: the frames have come after all.
            suspicion = nil
            jitterSeconds += (min(0.02, hostTime.seconds(since: doubt.since)) - jitterSeconds) / 8
            clock.observe(frameCount: delivered + silentFrameCount, at: hostTime)
            deliveredFrameCount = delivered
        } else if hostTime.seconds(since: doubt.settlesFrom) >= Self.settlingSeconds
            || hostTime.seconds(since: doubt.since) >= Self.longestSettlingSeconds
        {
            settle()
        }
    }

    /// Decides the open suspicion from what has been seen of it.
    private mutating func settle() {
        guard let doubt = suspicion else { return }
        suspicion = nil
        guard let best = doubt.best else { return }
        place(
            clock.frameCount(in: doubt.bestLateness - clock.usualLateness),
            doubt.cause,
            at: min(doubt.capturedFrameCount, capturedFrameCount)
        )
        clock.observe(frameCount: best.deliveredFrameCount + silentFrameCount, at: best.hostTime)
        deliveredFrameCount = best.deliveredFrameCount
    }

    private mutating func place(_ frameCount: Int64, _ cause: Gap.Cause, at capturedFrameCount: Int64) {
        guard frameCount > 0 else { return }
        silentFrameCount += frameCount
        placedGaps.append(PlacedGap(capturedFrameCount: capturedFrameCount, frameCount: frameCount, cause: cause))
    }

    /// The recording lasts until it was told to stop, whether or not the device did (CAP-5).
    private mutating func fillToEnd(_ end: HostTime) {
        guard !clock.isFreeRunning,
            let lateness = clock.lateness(ofFrame: capturedFrameCount + silentFrameCount, at: end)
        else { return }
        let excess = lateness - clock.usualLateness
        guard isLost || excess > max(lossThreshold, periodSeconds + 0.05) else { return }
        place(clock.frameCount(in: excess), isLost ? .deviceLost : .unreported, at: capturedFrameCount)
    }

    /// Lets go of frames that are held back, because the ring needs the room: a device that had kept many seconds gives
    /// them all at once. The loss, if it is one, is then placed behind them.
    mutating func release() {
        guard suspicion?.isReported == false else { return settle() }
        suspicion?.capturedFrameCount = capturedFrameCount
    }

    // MARK: Out

    /// What to write next; nil if all that is certain has been written. `now` lets a lost device's silence grow.
    mutating func nextStep(now: HostTime) -> Step? {
        // A device that says no more must not hold back what it gave.
        if let since = suspicion?.since, now.seconds(since: since) > 2 * Self.longestSettlingSeconds { settle() }
        if let gap = placedGaps.first, gap.capturedFrameCount == placedFrameCount {
            placedGaps.removeFirst()
            return .silence(gap.frameCount, gap.cause)
        }
        // A suspicion may lie among frames that the device has, but has not handed over yet.
        let end = min(
            placedGaps.first?.capturedFrameCount ?? suspicion?.capturedFrameCount ?? capturedFrameCount,
            capturedFrameCount
        )
        if end > placedFrameCount {
            let count = end - placedFrameCount
            placedFrameCount = end
            return .frames(count)
        }
        guard isLost, !clock.isFreeRunning, placedGaps.isEmpty, suspicion == nil,
            let lateness = clock.lateness(ofFrame: capturedFrameCount + silentFrameCount, at: now)
        else { return nil }
        let count = clock.frameCount(in: lateness - clock.usualLateness - Self.lostDelaySeconds)
        guard count > 0 else { return nil }
        silentFrameCount += count
        return .silence(count, .deviceLost)
    }
}
