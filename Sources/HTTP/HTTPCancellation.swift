import Synchronization

/// Ends a request that another thread is sending, within 0.1 s.
public final class HTTPCancellation: Sendable {
    private let flag = Atomic(false)

    public init() {}

    public var isCancelled: Bool { flag.load(ordering: .acquiring) }

    /// May be called from anywhere, and more than once.
    public func cancel() { flag.store(true, ordering: .releasing) }
}
