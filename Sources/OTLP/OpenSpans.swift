import Synchronization
import Tracing

/// The spans of a tracer that record and have not ended, so that those that nobody ends are ended all the same.
///
/// They are held weakly, and leave when they end or are let go of.
final class OpenSpans: Sendable {
    private struct Entry {
        weak var span: OTLPSpan?
        let startTime: Duration
    }

    private struct State {
        var entries: [ObjectIdentifier: Entry] = [:]
        /// Ends what is too old; runs while there is something open.
        var watch: Task<Void, Never>?
    }

    private let state = Mutex(State())
    private let greatestAge: Duration?
    private let clock: any Clock<Duration>
    /// How long the clock has run.
    private let now: @Sendable () -> Duration

    init(greatestAge: Duration?, clock: any Clock<Duration>) {
        self.greatestAge = greatestAge
        self.clock = clock
        now = Self.stopwatch(clock)
    }

    deinit { state.withLock { $0.watch?.cancel() } }

    /// How many are open.
    var count: Int { state.withLock { $0.entries.count } }

    func insert(_ span: OTLPSpan) {
        let entry = Entry(span: span, startTime: now())
        state.withLock { state in
            state.entries[ObjectIdentifier(span)] = entry
            guard let greatestAge, state.watch == nil else { return }
            // Weakly, so that a sleep of weeks holds nothing but itself.
            state.watch = Task.detached { [weak self, clock] in
                var wait: Duration? = greatestAge
                while let length = wait {
                    do { try await clock.sleep(for: length) } catch { return }
                    wait = self?.endOld(greatestAge)
                }
            }
        }
    }

    func remove(_ span: OTLPSpan) {
        state.withLock { _ = $0.entries.removeValue(forKey: ObjectIdentifier(span)) }
    }

    /// Ends all that are open, as failed for this reason.
    func endAll(_ reason: String) {
        end(state.withLock { $0.entries.values.compactMap(\.span) }, reason)
    }

    /// Returns how long the oldest of the rest may go on; nil if there is none.
    private func endOld(_ greatestAge: Duration) -> Duration? {
        let now = now()
        let (old, wait) = state.withLock { state in
            let old = state.entries.values.filter { now - $0.startTime >= greatestAge }.compactMap(\.span)
            let oldest = state.entries.values.map(\.startTime).filter { now - $0 < greatestAge }.min()
            if oldest == nil { state.watch = nil }
            return (old, oldest.map { greatestAge - (now - $0) })
        }
        end(old, "the span was open for longer than \(Int64(greatestAge / .seconds(1))) s")
        return wait
    }

    /// Outside of the lock, because a span that ends leaves.
    private func end(_ spans: [OTLPSpan], _ reason: String) {
        for span in spans {
            span.setStatus(SpanStatus(code: .error, message: reason))
            span.end()
        }
    }

    private static func stopwatch(_ clock: some Clock<Duration>) -> @Sendable () -> Duration {
        let start = clock.now
        return { start.duration(to: clock.now) }
    }
}
