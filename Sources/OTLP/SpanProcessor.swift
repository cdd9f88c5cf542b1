/// Takes spans as they end, and sees to their export.
public protocol SpanProcessor: Sendable {
    /// Takes a span that has ended. Called by whoever ended it, so it never blocks, and never fails.
    func spanEnded(_ span: FinishedSpan)

    /// Waits, no longer than `timeout`, until every span taken before this call is exported, kept, or has failed to
    /// be.
    ///
    /// The limit holds whatever an exporter does, and if the calling task is cancelled.
    func forceFlush(timeout: Duration) async -> FlushOutcome

    /// Flushes, takes no more spans, and shuts the exporter down, once; each call waits no longer than its `timeout`.
    ///
    /// When the first call's is over, the export that is going on is cancelled, and what waits is given up.
    func shutdown(timeout: Duration) async -> FlushOutcome
}

/// How a flush ended.
public enum FlushOutcome: Hashable, Sendable {
    /// All that was waiting is exported.
    case complete
    /// All is exported, or kept on the disk until it can be; after a shutdown, by another process.
    case kept
    /// All was tried, and some was lost; the log says why.
    case failed
    /// The time was over first; after a flush, what is left goes on being exported, for as long as the process lives.
    case timedOut
}
