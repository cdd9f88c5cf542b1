import Synchronization

@testable import OTLP

/// A clock that stands still until it is advanced.
final class ManualClock: Clock {
    struct Instant: InstantProtocol {
        var offset: Duration

        func advanced(by duration: Duration) -> Instant { Instant(offset: offset + duration) }
        func duration(to other: Instant) -> Duration { other.offset - offset }
        static func < (left: Instant, right: Instant) -> Bool { left.offset < right.offset }
    }

    private struct Sleeper {
        let deadline: Instant
        let promise: Promise<Bool>
    }

    private struct State {
        var now = Instant(offset: .zero)
        var sleepers: [Sleeper] = []
        var arrivals: [(count: Int, promise: Promise<Bool>)] = []
    }

    private let state = Mutex(State())

    var now: Instant { state.withLock { $0.now } }
    var minimumResolution: Duration { .nanoseconds(1) }

    func sleep(until deadline: Instant, tolerance: Duration?) async throws {
        let promise = Promise<Bool>()
        let arrived = state.withLock { state in
            if deadline <= state.now { promise.fulfil(true) }
            state.sleepers.append(Sleeper(deadline: deadline, promise: promise))
            return state.arrivals.filter { $0.count <= state.sleepers.count }
        }
        for arrival in arrived { arrival.promise.fulfil(true) }
        let hasPassed = await withTaskCancellationHandler {
            await promise.value(within: nil, on: ContinuousClock())
        } onCancel: {
            promise.fulfil(false)
        }
        if hasPassed == false { throw CancellationError() }
    }

    func advance(by duration: Duration) {
        let due = state.withLock { state in
            state.now = state.now.advanced(by: duration)
            return state.sleepers.filter { $0.deadline <= state.now }
        }
        for sleeper in due { sleeper.promise.fulfil(true) }
    }

    /// Returns when, in all, so many sleeps have begun.
    func sleeps(_ count: Int) async {
        let promise = Promise<Bool>()
        state.withLock { state in
            if state.sleepers.count >= count { promise.fulfil(true) }
            state.arrivals.append((count, promise))
        }
        _ = await promise.value(within: nil, on: ContinuousClock())
    }
}
