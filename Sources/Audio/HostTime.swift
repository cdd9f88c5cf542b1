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

    public static func < (left: HostTime, right: HostTime) -> Bool { left.nanoseconds < right.nanoseconds }
}
