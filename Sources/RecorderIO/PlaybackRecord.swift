internal import Audio
internal import Capture
internal import FrameRing
internal import Logging
internal import Synchronization

/// What becomes of the frames that one sink is given: they wait until it is known when they were played, and then are
/// recorded there.
final class PlaybackRecord: Sendable {
    private struct State {
        var queue = PlaybackQueue(givenFrameCount: 0, byteLimit: 0)
        /// Of a sink that reports nothing.
        var clock: SegmentClock?
        /// False until the sink has said whether it reports, and once nothing of it is recorded any more.
        var isAttached = false
        var isReporting = false
        var isPaused = false
        /// Whether the feed has been told that there may be frames.
        var isExpected = false
        var receiver: (@Sendable (PlaybackReport) -> Void)?
        var refusedReportCount: Int64 = 0
        var refusals: Set<PlaybackQueue.Refusal> = []
    }

    private let feed: any TrackFeed
    private let logger: Logger
    private let now: @Sendable () -> HostTime
    private let state = Mutex(State())

    init(_ feed: any TrackFeed, logger: Logger, now: @escaping @Sendable () -> HostTime) {
        self.feed = feed
        self.logger = logger
        self.now = now
    }

    /// - Parameter givenFrameCount: as the sink has answered; nil if it does not report.
    func attach(givenFrameCount: Int64?, byteLimit: Int) {
        state.withLock { state in
            state.queue = PlaybackQueue(givenFrameCount: givenFrameCount ?? 0, byteLimit: byteLimit)
            state.isReporting = givenFrameCount != nil
            state.clock = state.isReporting ? nil : SegmentClock()
            state.isAttached = true
        }
    }

    /// Records nothing more; what the sink is known to have played until now is recorded.
    func detach() {
        let now = now()
        state.withLock { state in
            advance(&state, to: now)
            state.isAttached = false
            state.clock = nil
            state.queue.forget(before: state.queue.givenFrameCount)
        }
    }

    /// Passes reports on; returns what a sink answers.
    func setReceiver(_ receiver: @escaping @Sendable (PlaybackReport) -> Void) -> Int64? {
        state.withLock { state in
            state.receiver = receiver
            return state.isReporting ? state.queue.givenFrameCount : nil
        }
    }

    var refusedReportCount: Int64 { state.withLock { $0.refusedReportCount } }

    var unkeptFrameCount: Int64 { state.withLock { $0.queue.unkeptFrameCount } }

    /// Frames that wait, and what takes note of them, in bytes.
    var byteCount: Int { state.withLock { $0.queue.byteCount } }

    // MARK: What the application does

    func give(_ frames: AudioFrames) {
        let now = now()
        state.withLock { state in
            guard state.isAttached else { return state.queue.skip(Int64(frames.frameCount)) }
            guard frames.frameCount > 0 else { return }
            state.queue.give(frames)
            estimate(&state, now) { clock, report in
                clock.give(Int64(frames.frameCount), at: frames.format.sampleRate, now: now, report)
            }
            expect(&state, from: now)
        }
    }

    /// The frames given by now: those that a call which follows is about.
    var givenFrameCount: Int64 { state.withLock { $0.queue.givenFrameCount } }

    /// The sink has ended its segment: what of the frames before `offset` is not reported was not played.
    func endSegment(before offset: Int64) {
        state.withLock { state in
            if state.isReporting { rest(&state, before: offset) } else { state.clock?.endSegment() }
        }
    }

    /// The sink is about to be interrupted.
    func interrupt() {
        let now = now()
        state.withLock { state in
            guard !state.isReporting else { return }
            estimate(&state, now) { clock, report in clock.interrupt(at: now, report) }
            rest(&state, before: state.queue.givenFrameCount)
        }
    }

    /// The sink has been interrupted: what of the frames before `offset` is not reported was not played.
    func interrupted(before offset: Int64) {
        state.withLock { state in
            if state.isReporting { rest(&state, before: offset) }
        }
    }

    /// The sink is about to be paused. Returns whether it was already.
    func pause() -> Bool {
        let now = now()
        return state.withLock { state in
            defer { state.isPaused = true }
            if !state.isReporting { estimate(&state, now) { clock, report in clock.pause(at: now, report) } }
            return state.isPaused
        }
    }

    /// The sink is paused.
    func paused() { state.withLock { rest(&$0, before: 0) } }

    /// The sink goes on.
    func resume() {
        let now = now()
        state.withLock { state in
            state.isPaused = false
            state.clock?.resume(at: now)
            if !state.queue.isEmpty { expect(&state, from: now) }
        }
    }

    // MARK: What the sink says

    func report(_ report: PlaybackReport) {
        let now = now()
        let (receiver, refusal) = state.withLock { state in
            guard state.isReporting, let refusal = accept(&state, report, now, .measured) else {
                return (state.receiver, PlaybackQueue.Refusal?.none)
            }
            state.refusedReportCount += 1
            // One line for each kind: a sink that is wrong is wrong with each report.
            return (state.receiver, state.refusals.insert(refusal).inserted ? refusal : nil)
        }
        if let refusal {
            logger.warning(
                "a report of what was played is refused: \(refusal.rawValue)",
                metadata: ["offset": "\(report.offset)", "frames": "\(report.frameCount)"]
            )
        }
        receiver?(report)
    }

    /// Records what a sink that reports nothing has played by now.
    func advance(to now: HostTime) { state.withLock { advance(&$0, to: now) } }

    // MARK: Under the lock, so that the feed gets all in its order

    private func advance(_ state: inout State, to now: HostTime) {
        estimate(&state, now) { clock, report in clock.advance(to: now, report) }
        if state.clock?.isSilent == true { rest(&state, before: 0) }
    }

    private func estimate(
        _ state: inout State,
        _ now: HostTime,
        _ body: (inout SegmentClock, (PlaybackReport) -> Void) -> Void
    ) {
        guard var clock = state.clock.take() else { return }
        body(&clock) { _ = accept(&state, $0, now, .exact) }
        state.clock = clock
    }

    private func accept(
        _ state: inout State,
        _ report: PlaybackReport,
        _ now: HostTime,
        _ clock: FrameClock
    ) -> PlaybackQueue.Refusal? {
        guard state.isAttached else { return nil }
        var isPlaying = false
        let refusal = state.queue.accept(report, now: now) { frames, range, hostTime in
            frames.withBytes(ofFrames: range) { feed.put($0, frames.format, at: hostTime, clock: clock) }
            isPlaying = true
        }
        if isPlaying { state.isExpected = true }
        return refusal
    }

    private func expect(_ state: inout State, from now: HostTime) {
        guard state.isAttached, !state.isPaused, !state.isExpected else { return }
        state.isExpected = true
        feed.resume(at: now)
    }

    /// The sink plays nothing from the end of what it played last on.
    private func rest(_ state: inout State, before offset: Int64) {
        guard state.isAttached else { return }
        state.queue.forget(before: offset)
        // What was given meanwhile may be playing.
        guard state.isExpected, state.isPaused || state.queue.isEmpty else { return }
        state.isExpected = false
        feed.pause(at: state.queue.lastEnd ?? now())
    }
}
