/// How long to wait before the same thing is tried again: exponential back-off with full jitter and a cap (EXP-9).
public struct RetryPolicy: Hashable, Sendable {
    /// The greatest wait before the second attempt; it doubles with each further one.
    public var base: Duration
    /// No wait is longer.
    public var cap: Duration
    /// Attempts in all, the first one included.
    public var attemptLimit: Int

    public init(base: Duration = .milliseconds(500), cap: Duration = .seconds(8), attemptLimit: Int = 8) {
        self.base = base
        self.cap = cap
        self.attemptLimit = attemptLimit
    }

    /// Evenly between nothing and the bound: many boxes whose server was away do not all come back at once.
    ///
    /// - Parameter attempt: How many attempts have failed; 1 or more.
    /// - Parameter chance: From 0 up to 1.
    public func wait(afterAttempt attempt: Int, chance: Double = .random(in: 0..<1)) -> Duration {
        min(base * Double(1 << min(max(attempt - 1, 0), 30)), cap) * chance
    }
}
