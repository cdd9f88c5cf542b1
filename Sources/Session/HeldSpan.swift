internal import Synchronization
internal import Tracing

/// The complete span of a session that has ended, kept open until its job ends (SES-8), but for no longer than a limit: a
/// job may go on for days, and whoever looks for the recording should not have to wait for it.
final class HeldSpan: Sendable {
    private let span: any Span
    private let hasEnded = Mutex(false)
    private let timer = Mutex<Task<Void, Never>?>(nil)

    init(_ span: any Span, atMost limit: Duration, on clock: any Clock<Duration>) {
        self.span = span
        let task = Task.detached { [weak self] in
            do { try await clock.sleep(for: limit) } catch { return }  // It was ended in time.
            self?.end(SpanEvent(name: "tapeline.span.hold_limit"))
        }
        timer.withLock { $0 = task }
    }

    /// Ends the span, once; what comes later changes nothing.
    func end(_ reason: SpanEvent? = nil) {
        let isFirst = hasEnded.withLock { hasEnded in
            defer { hasEnded = true }
            return !hasEnded
        }
        guard isFirst else { return }
        timer.withLock { $0?.cancel() }
        if let reason { span.addEvent(reason) }
        span.end()
    }
}
