internal import Audio

/// When a sink that reports nothing plays what, told by the end points of its segments.
///
/// It is assumed that a segment is played from its first `play` on, at its nominal rate, without a break but for pauses
/// and for frames that were not there in time, until its end or an interruption. So a segment is misplaced by the sink's
/// delay, and by what its clock drifts in the segment: 200 ppm are 12 ms in a minute. Each segment, and each that follows
/// on a break, is placed anew, by the time of its own first `play`: no error is carried on.
///
/// It speaks in reports, never of more than the time that has passed. A pure value, driven by the times that it is given.
struct SegmentClock {
    /// Frames of one rate, in the order in which they were given.
    private struct Run {
        var frameCount: Int64
        var sampleRate: Int
    }

    /// What a sink that had played all at a segment's end may seem to have left: drift, in parts and in seconds.
    private static let drift = 0.001
    private static let leastDriftSeconds = 0.005

    private var runs: [Run] = []
    /// Of the first run's frames, those that are reported.
    private var reportedFrameCount: Int64 = 0
    /// When the first run began, pauses taken out.
    private var origin = HostTime(nanoseconds: 0)
    /// The first frame that is not reported.
    private var offset: Int64 = 0
    private var segmentSeconds = 0.0
    private var isPaused = false
    /// Whether the sink has said that all it had was played.
    private var hasEnded = false

    /// Whether there is nothing left to report.
    var isSilent: Bool { runs.isEmpty }

    /// Frames are about to be given to the sink.
    mutating func give(_ frameCount: Int64, at sampleRate: Int, now: HostTime, _ report: (PlaybackReport) -> Void) {
        guard frameCount > 0 else { return }
        advance(to: now, report)
        if hasEnded {
            // A sink that only seems to be behind its own word drifts. One that has much left did not wait: that plays on.
            if unreportedSeconds <= max(Self.leastDriftSeconds, segmentSeconds * Self.drift) { drop() }
            segmentSeconds = 0
            hasEnded = false
        }
        if runs.isEmpty { origin = now }
        if let last = runs.last, last.sampleRate == sampleRate {
            runs[runs.count - 1].frameCount += frameCount
        } else {
            runs.append(Run(frameCount: frameCount, sampleRate: sampleRate))
        }
        segmentSeconds += Double(frameCount) / Double(sampleRate)
    }

    /// Reports what has been played until `now`.
    mutating func advance(to now: HostTime, _ report: (PlaybackReport) -> Void) {
        while !isPaused, let run = runs.first {
            let played = min(run.frameCount, Self.frameCount(from: origin, to: now, at: run.sampleRate))
            let count = played - reportedFrameCount
            if count > 0 {
                let start = origin.advanced(byFrames: reportedFrameCount, at: run.sampleRate)
                report(PlaybackReport(startedAt: start, offset: offset, frameCount: count))
                reportedFrameCount = played
                offset += count
            }
            guard played == run.frameCount else { return }
            origin = origin.advanced(byFrames: run.frameCount, at: run.sampleRate)
            runs.removeFirst()
            reportedFrameCount = 0
        }
    }

    mutating func pause(at now: HostTime, _ report: (PlaybackReport) -> Void) {
        advance(to: now, report)
        isPaused = true
    }

    mutating func resume(at now: HostTime) {
        guard isPaused else { return }
        isPaused = false
        if !runs.isEmpty { runs[0].frameCount -= reportedFrameCount }
        reportedFrameCount = 0
        origin = now
    }

    /// What was not played by now will not be.
    mutating func interrupt(at now: HostTime, _ report: (PlaybackReport) -> Void) {
        advance(to: now, report)
        drop()
        hasEnded = false
        segmentSeconds = 0
    }

    /// The sink says that all it was given has been played.
    mutating func endSegment() { hasEnded = true }

    private mutating func drop() {
        offset += runs.reduce(0) { $0 + $1.frameCount } - reportedFrameCount
        runs.removeAll(keepingCapacity: true)
        reportedFrameCount = 0
    }

    private var unreportedSeconds: Double {
        guard let first = runs.first else { return 0 }
        let total = runs.reduce(0) { $0 + Double($1.frameCount) / Double($1.sampleRate) }
        return total - Double(reportedFrameCount) / Double(first.sampleRate)
    }

    private static func frameCount(from start: HostTime, to end: HostTime, at sampleRate: Int) -> Int64 {
        let elapsed = max(0, end.nanoseconds - start.nanoseconds)
        let (seconds, rest) = elapsed.quotientAndRemainder(dividingBy: 1_000_000_000)
        return seconds * Int64(sampleRate) + rest * Int64(sampleRate) / 1_000_000_000
    }
}
