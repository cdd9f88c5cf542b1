public import Audio

/// A device's sample clock, measured against the host's (CAP-4).
///
/// It is fed with observations: "at this host time, the device had delivered this many frames since the start of the
/// timeline". An observation can be late (the machine was busy, the driver counts in coarse steps) but never early, so
/// the least late of each stretch of time tells where the clock is, and a line through those tells its rate. A pure
/// value: no clock of its own, no allocation once made.
public struct DeviceClock: Sendable {
    struct Observation {
        var frameCount: Int64
        var hostTime: HostTime
    }

    public let nominalRate: Double
    /// True once the device has proved to have no clock: it ran ahead of the host's.
    public private(set) var isFreeRunning = false

    private var anchor: Observation?
    /// Frames per second that `lateness` reckons with.
    private var rate: Double
    /// The least late observation of the present second, and of the one before: what is usual now.
    private var best: Observation?
    private var previousBest: Observation?
    private var windowEnd = HostTime(nanoseconds: 0)
    /// The least late observation of each finished stretch of `windowsPerStretch` seconds, oldest first: the rate.
    private var stretches: [Observation] = []
    private var stretchBest: Observation?
    private var windowsInStretch = 0
    private var windowsPerStretch = 1
    /// What the time before the last gap tells of the rate.
    private var earlier = Line()

    private static let windowNanoseconds: Int64 = 1_000_000_000
    private static let stretchLimit = 128
    /// How far ahead of the host's clock a device must run to count as one without a clock, in seconds.
    private static let aheadLimit = 0.5

    public init(nominalRate: Int) {
        self.nominalRate = Double(nominalRate)
        rate = self.nominalRate
        stretches.reserveCapacity(Self.stretchLimit)
    }

    /// How much later than expected the device had delivered `frameCount` frames, in seconds. Negative if earlier; nil
    /// before the first observation.
    public func lateness(ofFrame frameCount: Int64, at hostTime: HostTime) -> Double? {
        guard let anchor else { return nil }
        return hostTime.seconds(since: anchor.hostTime) - Double(frameCount - anchor.frameCount) / rate
    }

    /// The lateness that is normal for this device just now: that of the best observation of the last one to two
    /// seconds. A loss shows as lateness that stays above it.
    public var usualLateness: Double {
        let current = best.flatMap { lateness(ofFrame: $0.frameCount, at: $0.hostTime) }
        let previous = previousBest.flatMap { lateness(ofFrame: $0.frameCount, at: $0.hostTime) }
        switch (previous, current) {
        case (let previous?, let current?): return min(previous, current)
        default: return previous ?? current ?? 0
        }
    }

    /// When the device delivered, or will deliver, frame number `frameCount`.
    public func hostTime(ofFrame frameCount: Int64) -> HostTime? {
        guard let anchor else { return nil }
        let seconds = Double(frameCount - anchor.frameCount) / rate + usualLateness
        return HostTime(nanoseconds: anchor.hostTime.nanoseconds + Int64((seconds * 1e9).rounded()))
    }

    /// How many frames the device had delivered, or will have, at a moment: the inverse of `hostTime(ofFrame:)`, with the
    /// part of a frame that is on its way; nil before the first observation.
    public func frame(at hostTime: HostTime) -> Double? {
        guard let anchor else { return nil }
        return Double(anchor.frameCount) + (hostTime.seconds(since: anchor.hostTime) - usualLateness) * rate
    }

    /// How many frames the device delivers in `seconds` by its own clock.
    public func frameCount(in seconds: Double) -> Int64 { Int64((seconds * rate).rounded()) }

    /// Takes an observation that is part of the timeline: gaps are already counted into `frameCount`.
    public mutating func observe(frameCount: Int64, at hostTime: HostTime) {
        let observation = Observation(frameCount: frameCount, hostTime: hostTime)
        guard anchor != nil else {
            anchor = observation
            best = observation
            windowEnd = HostTime(nanoseconds: hostTime.nanoseconds + Self.windowNanoseconds)
            return
        }
        // Against a second ago or more: a device that runs ahead in small steps moves what is usual along with it.
        let past = previousBest.map { lateness(of: $0) } ?? 0
        if lateness(of: observation) < past - Self.aheadLimit { isFreeRunning = true }
        guard !isFreeRunning else { return }
        if hostTime > windowEnd { finishWindow(at: hostTime) }
        best = better(best, observation)
    }

    /// Takes the first observation after a gap. How long that was is not known from counting, so it tells nothing of the
    /// rate, and lateness is reckoned from here.
    public mutating func restart(frameCount: Int64, at hostTime: HostTime) {
        guard anchor != nil, !isFreeRunning else { return observe(frameCount: frameCount, at: hostTime) }
        if let best { stretchBest = better(stretchBest, best) }
        if let stretchBest, stretches.count < Self.stretchLimit { stretches.append(stretchBest) }
        earlier.add(line())
        stretches.removeAll(keepingCapacity: true)
        stretchBest = nil
        windowsInStretch = 0
        windowsPerStretch = 1
        previousBest = nil
        anchor = nil
        observe(frameCount: frameCount, at: hostTime)
    }

    /// How many observations are kept for the rate: at most 128.
    var storedStretchCount: Int { stretches.count }

    /// The measured rate in Hz; nil for a device without a clock, or before ten seconds have been seen.
    public var measuredRate: Double? {
        guard !isFreeRunning, let fit = fit(), fit.seconds >= 10 else { return nil }
        return fit.rate
    }

    private func lateness(of observation: Observation) -> Double {
        lateness(ofFrame: observation.frameCount, at: observation.hostTime) ?? 0
    }

    /// The less late of the two.
    private func better(_ known: Observation?, _ new: Observation) -> Observation {
        guard let known, lateness(of: known) <= lateness(of: new) else { return new }
        return known
    }

    private mutating func finishWindow(at hostTime: HostTime) {
        windowEnd = HostTime(nanoseconds: hostTime.nanoseconds + Self.windowNanoseconds)
        guard let finished = best else { return }
        previousBest = finished
        best = nil
        stretchBest = better(stretchBest, finished)
        windowsInStretch += 1
        guard windowsInStretch >= windowsPerStretch, let stretch = stretchBest else { return }
        if stretches.count == Self.stretchLimit { mergeStretches() }
        stretches.append(stretch)
        stretchBest = nil
        windowsInStretch = 0
        guard let fit = fit(), fit.seconds >= 10 else { return }
        // The nominal rate stands until the measurement says otherwise with certainty.
        rate = abs(fit.rate - nominalRate) > fit.uncertainty ? fit.rate : nominalRate
    }

    /// Halves the stretches by keeping the better of each two, so that memory stays fixed over months.
    private mutating func mergeStretches() {
        for pair in 0..<stretches.count / 2 {
            let first = stretches[2 * pair]
            let second = stretches[2 * pair + 1]
            stretches[pair] = better(first, second)
        }
        stretches.removeLast(stretches.count - stretches.count / 2)
        windowsPerStretch *= 2
    }

    /// Sums over points of frames against seconds, each about the mean of its stretch between two gaps. Frames are those
    /// beyond the nominal rate, for small numbers keep their precision over months.
    private struct Line {
        var pointCount = 0.0
        var lineCount = 0.0
        var seconds = 0.0
        var secondsSquared = 0.0
        var product = 0.0
        var framesSquared = 0.0

        mutating func add(_ line: Line) {
            // One point has no slope.
            guard line.pointCount > 1 else { return }
            pointCount += line.pointCount
            lineCount += line.lineCount
            seconds += line.seconds
            secondsSquared += line.secondsSquared
            product += line.product
            framesSquared += line.framesSquared
        }
    }

    /// The line through the finished stretches since the last gap.
    private func line() -> Line {
        guard let first = stretches.first, let last = stretches.last else { return Line() }
        let count = Double(stretches.count)
        var meanSeconds = 0.0
        var meanFrames = 0.0
        for point in stretches {
            meanSeconds += point.hostTime.seconds(since: first.hostTime) / count
            meanFrames += excessFrames(point, first) / count
        }
        var line = Line(pointCount: count, lineCount: 1, seconds: last.hostTime.seconds(since: first.hostTime))
        for point in stretches {
            let seconds = point.hostTime.seconds(since: first.hostTime) - meanSeconds
            let frames = excessFrames(point, first) - meanFrames
            line.secondsSquared += seconds * seconds
            line.product += seconds * frames
            line.framesSquared += frames * frames
        }
        return line
    }

    /// Frames since `first` beyond those of the nominal rate.
    private func excessFrames(_ point: Observation, _ first: Observation) -> Double {
        Double(point.frameCount - first.frameCount) - point.hostTime.seconds(since: first.hostTime) * nominalRate
    }

    private struct Fit {
        var rate: Double
        var seconds: Double
        /// Three standard errors, in Hz.
        var uncertainty: Double
    }

    /// The least-squares slope that all stretches between gaps have in common.
    private func fit() -> Fit? {
        var line = earlier
        line.add(self.line())
        guard line.pointCount >= 4, line.secondsSquared > 0 else { return nil }
        let slope = line.product / line.secondsSquared
        let residual = max(0, line.framesSquared - slope * line.product)
        let freedom = max(1, line.pointCount - line.lineCount - 1)
        let uncertainty = 3 * (residual / freedom / line.secondsSquared).squareRoot()
        return Fit(rate: nominalRate + slope, seconds: line.seconds, uncertainty: uncertainty)
    }
}
