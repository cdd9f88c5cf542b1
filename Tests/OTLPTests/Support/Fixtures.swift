import Synchronization
import Tracing

@testable import OTLP

/// A moment given as nanoseconds since the epoch.
struct Moment: TracerInstant {
    let nanosecondsSinceEpoch: UInt64

    init(_ nanosecondsSinceEpoch: UInt64) { self.nanosecondsSinceEpoch = nanosecondsSinceEpoch }

    static func < (left: Moment, right: Moment) -> Bool { left.nanosecondsSinceEpoch < right.nanosecondsSinceEpoch }
}

/// A processor that keeps spans as they end.
final class ProbeProcessor: SpanProcessor {
    private let state = Mutex([FinishedSpan]())

    var spans: [FinishedSpan] { state.withLock { $0 } }

    func spanEnded(_ span: FinishedSpan) {
        state.withLock { $0.append(span) }
    }

    func forceFlush(timeout: Duration) async -> FlushOutcome { .complete }
    func shutdown(timeout: Duration) async -> FlushOutcome { .complete }
}

extension Resource {
    static let test = Resource(attributes: ["service.name": "test"])
}

extension InstrumentationScope {
    static let test = InstrumentationScope(version: "1.2.3")
}

extension SpanContext {
    static let remote = SpanContext(traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
}
