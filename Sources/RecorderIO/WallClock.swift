internal import CLinux

/// Wall time, for labels only; nothing is measured with it (REC-6). The only place that reads that clock here.
enum WallClock {
    /// Seconds since 1970.
    static func now() -> Double { linux_wall_seconds() }
}
