internal import HTTP

/// A place that took nothing, and is left alone for some time.
struct RelayTarget {
    private var failureCount = 0
    /// Wall time, in seconds since 1970.
    private(set) var notBefore = 0.0

    /// - Parameter wait: nil for longer each time.
    mutating func leave(for wait: Duration?, _ policy: RetryPolicy, _ now: Double) {
        failureCount += 1
        notBefore = now + (wait ?? policy.wait(afterAttempt: failureCount)) / .seconds(1)
    }

    /// - Parameter farthest: no place is left alone for longer; the clock was set back then.
    func isLeftAlone(_ now: Double, farthest: Double) -> Bool { now < notBefore && notBefore <= now + farthest }
}
