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
        let lateness = lateness(of: observation)
        // Against the window before, not against the best so far: that runs ahead as well, a small read at a time.
        let reference = if let previousBest { self.lateness(of: previousBest) } else { 0.0 }
        if lateness < reference - Self.aheadLimit { isFreeRunning = true }
        guard !isFreeRunning else { return }
        if hostTime > windowEnd { finishWindow(at: hostTime) }
        best = better(best, observation)
    }

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

    private struct Fit {
        var rate: Double
        var seconds: Double
        /// Three standard errors, in Hz.
        var uncertainty: Double
    }

    /// The least-squares line through the finished stretches.
    private func fit() -> Fit? {
        guard stretches.count >= 4, let first = stretches.first, let last = stretches.last else { return nil }
        let count = Double(stretches.count)
        var meanFrames = 0.0
        var meanSeconds = 0.0
        for point in stretches {
            meanFrames += Double(point.frameCount - first.frameCount) / count
            meanSeconds += point.hostTime.seconds(since: first.hostTime) / count
        }
        var covariance = 0.0
        var variance = 0.0
        for point in stretches {
            let seconds = point.hostTime.seconds(since: first.hostTime) - meanSeconds
            covariance += seconds * (Double(point.frameCount - first.frameCount) - meanFrames)
            variance += seconds * seconds
        }
        guard variance > 0 else { return nil }
        let slope = covariance / variance
        var residual = 0.0
        for point in stretches {
            let seconds = point.hostTime.seconds(since: first.hostTime) - meanSeconds
            let error = Double(point.frameCount - first.frameCount) - meanFrames - slope * seconds
            residual += error * error
        }
        let uncertainty = 3 * (residual / max(1, count - 2) / variance).squareRoot()
        return Fit(rate: slope, seconds: last.hostTime.seconds(since: first.hostTime), uncertainty: uncertainty)
    }
}
