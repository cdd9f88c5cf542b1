internal import Audio
internal import FrameRing
internal import Synchronization

/// What an application wants of the thread that plays, and what that thread answers.
final class PlaybackOrders: Sendable {
    enum Answer: Sendable {
        case done
        case failed(PlaybackError)
        case cancelled
    }

    typealias Order = Completion<Answer>

    /// Frames, and the place of their first among all that were given.
    struct Given {
        var offset: Int64
        var frames: AudioFrames
        var end: Int64 { offset + Int64(frames.frameCount) }
    }

    /// All that is new to the thread.
    struct News {
        var isClosed = false
        /// What was given before this is not to be heard any more.
        var interruptedOffset: Int64?
        var interrupts: [Order] = []
        var isPaused = false
        var pauses: [Order] = []
        var given: [Given] = []
        /// Segments' ends: what was given before each of these.
        var ends: [(offset: Int64, order: Order)] = []
    }

    private struct State {
        var news = News()
        var givenFrameCount: Int64 = 0
        /// Frames that were given, and are not yet with the device, in seconds.
        var waitingSeconds = 0.0
        var plays: [Order] = []
        var failure: PlaybackError?
        var receiver: (@Sendable (PlaybackReport) -> Void)?
    }

    /// Wakes the thread.
    let wakeup: Wakeup
    private let state = Mutex(State())

    private static let waitingLimitSeconds = 0.5

    init() throws(FrameRingError) { wakeup = try Wakeup() }

    // MARK: The application's side

    func play(_ frames: AudioFrames) -> Order {
        let order = Order()
        state.withLock { state in
            if frames.frameCount > 0 {
                state.news.given.append(Given(offset: state.givenFrameCount, frames: frames))
                state.givenFrameCount += Int64(frames.frameCount)
                state.waitingSeconds += Self.seconds(frames, frames.frameCount)
            }
            if let failure = state.failure.take() { return order.complete(.failed(failure)) }
            state.plays.append(order)
            answerPlays(&state)
        }
        wakeup.signal()
        return order
    }

    func endSegment() -> Order {
        let order = Order()
        state.withLock { state in
            if let failure = state.failure.take() { return order.complete(.failed(failure)) }
            state.news.ends.append((state.givenFrameCount, order))
        }
        wakeup.signal()
        return order
    }

    func interrupt() -> Order {
        let order = Order()
        let plays = state.withLock { state in
            state.news.interruptedOffset = state.givenFrameCount
            state.news.interrupts.append(order)
            state.news.given = []
            state.waitingSeconds = 0
            state.failure = nil
            defer { state.plays = [] }
            return state.plays
        }
        for play in plays { play.complete(.done) }
        wakeup.signal()
        return order
    }

    func setPaused(_ isPaused: Bool) -> Order {
        let order = Order()
        state.withLock { state in
            state.news.isPaused = isPaused
            state.news.pauses.append(order)
        }
        wakeup.signal()
        return order
    }

    func setReceiver(_ receiver: @escaping @Sendable (PlaybackReport) -> Void) -> Int64 {
        state.withLock { state in
            state.receiver = receiver
            return state.givenFrameCount
        }
    }

    func close() {
        state.withLock { $0.news.isClosed = true }
        wakeup.signal()
    }

    // MARK: The thread's side

    func takeNews() -> News {
        state.withLock { state in
            var rest = News()
            rest.isPaused = state.news.isPaused
            defer { state.news = rest }
            return state.news
        }
    }

    func report(_ report: PlaybackReport) {
        state.withLock { $0.receiver }?(report)
    }

    /// Frames are with the device, for the first time.
    func tookFrames(_ frames: AudioFrames, _ frameCount: Int) {
        state.withLock { state in
            state.waitingSeconds = max(0, state.waitingSeconds - Self.seconds(frames, frameCount))
            answerPlays(&state)
        }
    }

    /// The device plays no more: all that was given is gone. Returns the first frame that is not.
    ///
    /// - Parameter ends: orders that the thread holds.
    func fail(_ error: PlaybackError, _ ends: [Order]) -> Int64 {
        let (orders, offset) = state.withLock { state in
            let orders = state.plays + ends + state.news.ends.map(\.order)
            if orders.isEmpty { state.failure = error }
            state.plays = []
            state.news.ends = []
            state.news.given = []
            state.waitingSeconds = 0
            return (orders, state.givenFrameCount)
        }
        for order in orders { order.complete(.failed(error)) }
        return offset
    }

    private func answerPlays(_ state: inout State) {
        guard state.waitingSeconds <= Self.waitingLimitSeconds else { return }
        for play in state.plays { play.complete(.done) }
        state.plays = []
    }

    private static func seconds(_ frames: AudioFrames, _ frameCount: Int) -> Double {
        Double(frameCount) / Double(frames.format.sampleRate)
    }
}
