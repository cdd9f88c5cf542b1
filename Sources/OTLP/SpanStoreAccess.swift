import Dispatch
import Synchronization

/// A store for as long as telemetry is on: after the shutdown nobody holds it any more, so that it can be closed.
final class SpanStoreAccess: Sendable {
    struct Closed: Error, CustomStringConvertible {
        let description = "telemetry was shut down"
    }

    private let store: Mutex<(any SpanStore)?>
    private let queue = DispatchQueue(label: "tapeline.span-store")

    init(_ store: any SpanStore) {
        self.store = Mutex(store)
    }

    /// What a call of the store returns, which may block.
    func value<Value: Sendable>(
        of call: @escaping @Sendable (any SpanStore) throws -> Value
    ) async throws -> Value {
        try await queue.value { [self] in
            guard let store = store.withLock({ $0 }) else { throw Closed() }
            return try call(store)
        }
    }

    func close() { store.withLock { $0 = nil } }
}
