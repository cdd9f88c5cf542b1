import Synchronization
import Tracing

/// The spans of a tracer that record and have not ended, so that a shutdown ends those that nobody did.
///
/// They are held weakly, and leave when they end or are let go of.
final class OpenSpans: Sendable {
    private struct Entry {
        weak var span: OTLPSpan?
    }

    private let entries = Mutex<[ObjectIdentifier: Entry]>([:])

    /// How many are open.
    var count: Int { entries.withLock { $0.count } }

    func insert(_ span: OTLPSpan) {
        entries.withLock { $0[ObjectIdentifier(span)] = Entry(span: span) }
    }

    func remove(_ span: OTLPSpan) {
        entries.withLock { _ = $0.removeValue(forKey: ObjectIdentifier(span)) }
    }

    /// Ends all that are open, as failed for this reason.
    func endAll(_ reason: String) {
        // Outside of the lock, because a span that ends leaves.
        for span in entries.withLock({ $0.values.compactMap(\.span) }) {
            span.setStatus(SpanStatus(code: .error, message: reason))
            span.end()
        }
    }
}
