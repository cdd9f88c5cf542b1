import Audio
import Synchronization
import TestSupport

@testable import RecorderIO

/// A sink that plays while its script lets time pass, and knows what it really played when.
///
/// It plays at nominal rates, and reports at once, late, or never, as it is told.
final class ScriptedSink: AudioSink {
    struct Given {
        var frames: AudioFrames
        var offset: Int64
        var end: Int64 { offset + Int64(frames.frameCount) }
    }

    struct Failure: Error {}

    private struct State {
        var given: [Given] = []
        var givenFrameCount: Int64
        /// The first frame that is neither played nor dropped.
        var next: Int64
        var isPaused = false
        var receiver: (@Sendable (PlaybackReport) -> Void)?
        var held: [PlaybackReport] = []
        var isFailing = false
        var calls: [String] = []
    }

    let clock: HandClock
    let isReporting: Bool
    private let state: Mutex<State>

    /// - Parameter givenBefore: frames that it was given before it is recorded.
    init(_ clock: HandClock, isReporting: Bool = true, givenBefore: Int64 = 0) {
        self.clock = clock
        self.isReporting = isReporting
        state = Mutex(State(givenFrameCount: givenBefore, next: givenBefore))
    }

    var given: [Given] { state.withLock { $0.given } }
    var givenFrameCount: Int64 { state.withLock { $0.givenFrameCount } }
    var next: Int64 { state.withLock { $0.next } }
    var isPaused: Bool { state.withLock { $0.isPaused } }
    var calls: [String] { state.withLock { $0.calls } }

    func failNext() { state.withLock { $0.isFailing = true } }

    private func call(_ name: String) throws {
        try state.withLock { state in
            state.calls.append(name)
            defer { state.isFailing = false }
            if state.isFailing { throw Failure() }
        }
    }

    // MARK: What it is told to do

    func play(_ frames: AudioFrames) async throws {
        state.withLock { state in
            state.given.append(Given(frames: frames, offset: state.givenFrameCount))
            state.givenFrameCount += Int64(frames.frameCount)
        }
        try call("play")
    }

    func endSegment() async throws {
        try call("endSegment")
        drop()
    }

    func interrupt() async throws {
        try call("interrupt")
        drop()
    }

    func pause() async throws {
        try call("pause")
        state.withLock { $0.isPaused = true }
    }

    func resume() async throws {
        try call("resume")
        state.withLock { $0.isPaused = false }
    }

    func reportPlayback(to receiver: @escaping @Sendable (PlaybackReport) -> Void) -> Int64? {
        state.withLock { state in
            state.receiver = receiver
            return isReporting ? state.givenFrameCount : nil
        }
    }

    private func drop() { state.withLock { $0.next = $0.givenFrameCount } }

    // MARK: What its script does

    /// Lets time pass, plays, and returns what should be reported of it.
    func pass(seconds: Double) -> PlaybackReport? {
        let start = clock.now
        let report: PlaybackReport? = state.withLock { state in
            guard !state.isPaused else { return nil }
            var rest = seconds
            let first = state.next
            for entry in state.given where entry.end > state.next {
                let rate = Double(entry.frames.format.sampleRate)
                let count = min(entry.end - state.next, Int64(rest * rate))
                state.next += count
                rest -= Double(count) / rate
                guard state.next == entry.end else { break }
            }
            guard state.next > first else { return nil }
            return PlaybackReport(startedAt: start, offset: first, frameCount: state.next - first)
        }
        clock.advance(seconds: seconds)
        return report
    }

    func say(_ report: PlaybackReport) { state.withLock { $0.receiver }?(report) }

    func hold(_ report: PlaybackReport) { state.withLock { $0.held.append(report) } }

    func takeHeld() -> [PlaybackReport] {
        state.withLock { state in
            defer { state.held = [] }
            return state.held
        }
    }

    /// The frames that a report is about, each at its time.
    func truth(_ report: PlaybackReport) -> [NumberedFrame] {
        var frames: [NumberedFrame] = []
        var time = Double(report.startedAt.nanoseconds)
        let end = report.offset + report.frameCount
        for entry in given where entry.end > report.offset && entry.offset < end {
            let numbers = Numbered.numbers(entry.frames.bytes, entry.frames.format)
            let period = 1e9 / Double(entry.frames.format.sampleRate)
            for index in max(report.offset, entry.offset)..<min(end, entry.end) {
                frames.append(NumberedFrame(number: numbers[Int(index - entry.offset)], nanoseconds: Int64(time)))
                time += period
            }
        }
        return frames
    }
}
