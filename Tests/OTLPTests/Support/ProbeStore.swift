import Synchronization

@testable import OTLP

/// A store in memory that fails where it is told to.
final class ProbeStore: SpanStore {
    struct Broken: Error, CustomStringConvertible {
        let description = "no room left"
    }

    /// Whether somebody has asked for the oldest.
    let isRead = Promise<Bool>()

    private struct State {
        var kept: [KeptSpans] = []
        var left: [KeptSpans] = []
        var droppedCount = 0
        var canKeep = true
        var canRead = true
        var canStrike = true
    }

    private let state = Mutex(State())

    var kept: [KeptSpans] { state.withLock { $0.kept } }

    /// Refuses from now on what is false.
    func refuse(keep: Bool = true, read: Bool = true, strike: Bool = true) {
        state.withLock { ($0.canKeep, $0.canRead, $0.canStrike) = (keep, read, strike) }
    }

    /// What the next one to keep something hears to have been dropped.
    func drop(_ count: Int) { state.withLock { $0.droppedCount = count } }

    /// Is there as a dead process's, to be taken over.
    func leave(_ request: [UInt8], spanCount: Int = 1) {
        state.withLock { state in
            let number = Int64(state.left.count - 100)
            state.left.append(KeptSpans(number: number, spanCount: spanCount, request: request))
        }
    }

    func keep(_ request: [UInt8], spanIDs: [String]) throws -> Int {
        try state.withLock { state in
            guard state.canKeep else { throw Broken() }
            let number = (state.kept.last?.number ?? 0) + 1
            state.kept.append(KeptSpans(number: number, spanCount: spanIDs.count, request: request))
            defer { state.droppedCount = 0 }
            return state.droppedCount
        }
    }

    func takeOverSpans() throws {
        state.withLock { state in
            state.kept = state.left + state.kept
            state.left = []
        }
    }

    func oldestSpans(spanCount: Int, byteCount: Int) throws -> [KeptSpans] {
        defer { isRead.fulfil(true) }
        return try state.withLock { state in
            guard state.canRead else { throw Broken() }
            var count = 0
            return Array(
                state.kept.prefix { spans in
                    count += spans.spanCount
                    return count == spans.spanCount || count <= spanCount
                }
            )
        }
    }

    func strike(_ spans: [KeptSpans]) throws {
        try state.withLock { state in
            guard state.canStrike else { throw Broken() }
            state.kept.removeAll { spans.contains($0) }
        }
    }
}
