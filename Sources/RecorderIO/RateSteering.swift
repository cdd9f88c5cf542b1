/// Follows a source whose clock is not the timeline's: how much faster or slower than by their nominal rates its frames are
/// to be played out, so that each lies where it belongs.
///
/// A loop of second order that learns the drift, and lets errors die away without overshooting: quickly at first, then slowly,
/// so that the unevenness of measured times does not become one of pitch. A pure value.
struct RateSteering: Sendable {
    /// More than this no clock is away from another.
    static let driftLimit = 0.0011
    /// What a correction may add for a while.
    static let deviationLimit = 0.0016
    /// How quickly the deviation may change: 500 ppm in a second, a tenth of what is heard as a change of pitch.
    static let slewPerSecond = 0.0005

    /// The loop's natural frequency in radians per second: at first, from when on it falls, and to what.
    private static let firstFrequency = 0.5
    private static let settlingSeconds = 8.0
    private static let lastFrequency = 0.1

    /// What has been learnt of the source's clock: frames of the timeline for a frame of the source, less the nominal, as a
    /// part of it.
    private(set) var drift = 0.0
    /// What is played out now, likewise.
    private(set) var deviation = 0.0
    /// How much later frames belong than they would lie, in seconds.
    private(set) var error = 0.0
    private var seconds = 0.0

    /// Takes a measurement of where the next frame belongs.
    mutating func observe(error: Double) { self.error = error }

    /// Frames are put elsewhere from here on: what is known of the clock stays.
    mutating func restart() {
        error = 0
        deviation = drift
    }

    /// Goes on by as much time, and gives the deviation at its end.
    mutating func advance(by elapsed: Double) -> Double {
        seconds += elapsed
        let frequency = max(
            Self.lastFrequency,
            Self.firstFrequency * min(1, Self.settlingSeconds / max(seconds, Self.settlingSeconds))
        )
        drift = bounded(drift + frequency * frequency * error * elapsed, Self.driftLimit)
        let wanted = bounded(drift + 2 * frequency * error, Self.deviationLimit)
        let before = deviation
        deviation += bounded(wanted - deviation, Self.slewPerSecond * elapsed)
        // Until the next measurement: what is corrected is an error no more.
        error += (drift - (before + deviation) / 2) * elapsed
        return deviation
    }

    private func bounded(_ value: Double, _ limit: Double) -> Double { max(-limit, min(limit, value)) }
}
