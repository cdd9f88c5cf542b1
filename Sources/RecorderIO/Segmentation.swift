/// Where a recording is cut into files: after so many seconds each, or at times of the day (REC-10).
///
/// Seams follow from frames, at the nominal rate: the wall clock is read once, when the recording starts, and steps of it
/// move nothing (REC-6).
public struct Segmentation: Hashable, Sendable, Codable {
    /// A segment's length, from `leastSeconds`.
    public var seconds: Double
    /// Whether seams lie at multiples of the length from midnight on, in UTC, and at each midnight. The first segment is
    /// shorter then. The length is `secondsPerDay` at most.
    public var isAtClock: Bool

    enum CodingKeys: String, CodingKey {
        case seconds
        case isAtClock = "at_clock"
    }

    /// Each file costs the disk some syncs.
    public static let leastSeconds = 0.05
    public static let secondsPerDay = 86_400.0

    public init(seconds: Double, isAtClock: Bool = false) {
        self.seconds = seconds
        self.isAtClock = isAtClock
    }

    /// The first seam behind a frame.
    ///
    /// - Parameters:
    ///   - origin: the frame that lengths are counted from.
    ///   - startedAt: wall time of frame 0, in seconds since 1970.
    func seam(after frame: Int64, origin: Int64, sampleRate: Int, startedAt: Double) -> Int64 {
        let rate = Double(sampleRate)
        let length = max(seconds, Self.leastSeconds)
        guard isAtClock else {
            // From the origin each time, so that lengths that are no whole frames do not add up to a drift.
            var count = (Double(frame - origin) / (length * rate)).rounded(.down)
            while true {
                count += 1
                let seam = origin + Int64((count * length * rate).rounded())
                if seam > frame { return seam }
            }
        }
        let time = startedAt + Double(frame) / rate
        var midnight = (time / Self.secondsPerDay).rounded(.down) * Self.secondsPerDay
        var count = ((time - midnight) / length).rounded(.down)
        while true {
            count += 1
            let next = min(midnight + count * length, midnight + Self.secondsPerDay)
            let seam = Int64(((next - startedAt) * rate).rounded())
            if seam > frame { return seam }
            if next == midnight + Self.secondsPerDay { (midnight, count) = (next, 0) }
        }
    }
}
