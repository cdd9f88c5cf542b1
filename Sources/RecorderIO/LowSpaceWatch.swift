internal import Audio

/// Tells of a disk that fills up, before it is full: once, until there is room again (DUR-4).
struct LowSpaceWatch {
    private var lastLook: HostTime?
    private var isLow = false

    private static let intervalSeconds = 10.0
    private static let leastSeconds = 600.0
    /// A disk that goes up and down around the least is told of once.
    private static let ampleSeconds = 1.2 * leastSeconds

    /// Whether to look at the disk: at once, then every ten seconds.
    mutating func isDue(_ now: HostTime) -> Bool {
        if let lastLook, now.seconds(since: lastLook) < Self.intervalSeconds { return false }
        lastLook = now
        return true
    }

    /// What to tell of so much room for a recording of this rate; nil for no news.
    mutating func news(freeByteCount: Int64, bytesPerSecond: Double) -> News? {
        let seconds = Double(freeByteCount) / bytesPerSecond
        if !isLow, seconds < Self.leastSeconds {
            isLow = true
            return .low(seconds: Int(seconds))
        }
        if isLow, seconds > Self.ampleSeconds {
            isLow = false
            return .ample
        }
        return nil
    }

    enum News: Equatable {
        case low(seconds: Int)
        case ample
    }
}
