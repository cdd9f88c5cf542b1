internal import FrameRing
internal import Synchronization

/// Counts the files that are being finalized, each on a thread and with memory of its own.
final class Finalizers: Sendable {
    private let count = Atomic(0)
    private let waker: Wakeup

    /// So many may be under way before a seam waits.
    private static let limit = 4

    /// - Parameter waker: signalled when a file is done.
    init(_ waker: Wakeup) { self.waker = waker }

    func begin() { count.add(1, ordering: .relaxed) }

    func end() {
        count.subtract(1, ordering: .relaxed)
        waker.signal()
    }

    /// Whether one more may begin where nothing demands it.
    var hasRoom: Bool { count.load(ordering: .relaxed) < Self.limit }
}
