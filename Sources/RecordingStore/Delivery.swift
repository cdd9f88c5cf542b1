public import RecordingExport

/// What became so far of delivering one recording by one exporter.
public struct Delivery: Hashable, Sendable {
    public enum State: String, Hashable, Sendable {
        /// Still to come, or to be tried again.
        case pending
        /// The exporter said so, and its receipt is kept.
        case delivered
        /// It will not be tried again before somebody asks for it.
        case refused
    }

    public var recordingID: String
    /// The exporter's place in its chain, from 0 on.
    public var ordinal: Int
    public var exporter: String
    /// The exporter's URL; nil for one that has none.
    public var destination: String?
    public var state = State.pending
    public var attemptCount = 0
    /// Wall time, in seconds since 1970: not before it.
    public var nextAttemptAt = 0.0
    /// Of the last attempt, one sentence: it may name local paths.
    public var error: String?
    public var receipt: DeliveryReceipt?

    public init(recordingID: String, ordinal: Int, exporter: String, destination: String?) {
        self.recordingID = recordingID
        self.ordinal = ordinal
        self.exporter = exporter
        self.destination = destination
    }

    /// Names the place that it goes to, among all exporters.
    public var target: String { destination ?? exporter }

    /// Takes the outcome of an attempt that ended at `now`.
    ///
    /// - Parameter wait: how long to leave it alone, should it have failed by itself.
    public mutating func apply(_ outcome: ExportOutcome, now: Double, wait: Duration) {
        attemptCount += 1
        error = outcome.error
        switch outcome.outcome {
        case .attached, .none:
            state = .delivered
            receipt = DeliveryReceipt(outcome, deliveredAt: now)
        case .timeout, .failed, .cancelled, .tooLarge, .unreadable, .deferred:
            // What no recording would have passed says nothing about this one: it stays the oldest.
            state = outcome.isRetryable || outcome.concernsTarget ? .pending : .refused
            nextAttemptAt = outcome.concernsTarget ? now : now + wait / .seconds(1)
        }
    }
}
