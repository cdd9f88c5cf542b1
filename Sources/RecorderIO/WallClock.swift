internal import Glibc

/// Wall time, for labels only; nothing is measured with it (REC-6). A fence: the only place that reads that clock here.
enum WallClock {
    /// Seconds since 1970.
    static func now() -> Double {
        var now = timespec()
        unsafe clock_gettime(CLOCK_REALTIME, &now)
        return Double(now.tv_sec) + Double(now.tv_nsec) / 1e9
    }
}
