internal import Audio

/// The time between a file that could no longer be written and the next one: when to look for room, and when not.
///
/// Files that end soon after their start are begun ever more rarely, up to once a minute, so that a failing disk is not
/// filled with them.
struct FileOutage {
    /// When something was tried last, or a file ended; nil while one is written.
    private var lastTry: HostTime?
    private var pauseSeconds = 0.0
    private var nextPauseSeconds = leastSeconds

    private static let leastSeconds = 1.0
    private static let mostSeconds = 64.0
    /// A file that lasted so long was none too soon.
    private static let longSeconds = 60.0

    /// A file has ended.
    ///
    /// - Parameter seconds: how long it had become.
    mutating func begin(_ now: HostTime, after seconds: Double) {
        if seconds >= Self.longSeconds { nextPauseSeconds = Self.leastSeconds }
        failed(now)
    }

    /// The next file could not be begun.
    mutating func failed(_ now: HostTime) {
        lastTry = now
        pauseSeconds = nextPauseSeconds
        nextPauseSeconds = min(2 * nextPauseSeconds, Self.mostSeconds)
    }

    /// The next file has begun.
    mutating func end() { lastTry = nil }

    /// Whether to look for room now: after the pause, then each second.
    mutating func isLookDue(_ now: HostTime) -> Bool {
        guard let lastTry, now.seconds(since: lastTry) >= pauseSeconds else { return false }
        self.lastTry = now
        pauseSeconds = Self.leastSeconds
        return true
    }

    /// There was room. Whoever was told has some time to begin the next file.
    mutating func foundRoom() { pauseSeconds = Self.mostSeconds }
}
