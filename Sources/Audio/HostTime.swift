/// A moment in nanoseconds on `CLOCK_MONOTONIC`. Never wall time, so clock steps do not move it (REC-6).
public struct HostTime: Hashable, Comparable, Sendable {
    public var nanoseconds: Int64

    public init(nanoseconds: Int64) {
        self.nanoseconds = nanoseconds
    }

    /// Seconds from `earlier` to this moment; negative if this moment is the earlier one.
    @inlinable
    public func seconds(since earlier: HostTime) -> Double {
        Double(nanoseconds - earlier.nanoseconds) / 1e9
    }

    /// The moment at which `frameCount` more frames have passed at a rate in Hz, to the nanosecond for any count.
    @inlinable
    public func advanced(byFrames frameCount: Int64, at sampleRate: Int) -> HostTime {
        let (seconds, rest) = frameCount.quotientAndRemainder(dividingBy: Int64(sampleRate))
        return HostTime(nanoseconds: nanoseconds + seconds * 1_000_000_000 + rest * 1_000_000_000 / Int64(sampleRate))
    }

    public static func < (left: HostTime, right: HostTime) -> Bool { left.nanoseconds < right.nanoseconds }
}
