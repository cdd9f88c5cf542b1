import Audio
import Synchronization

@testable import RecorderIO

/// A sink that has played all that it is given when it takes it; and may be closed, so that calls wait.
final class EagerSink: AudioSink {
    private struct State {
        var receiver: (@Sendable (PlaybackReport) -> Void)?
        var givenFrameCount: Int64 = 0
        var numbers: [Int] = []
        var atOnce = 0
        var mostAtOnce = 0
        var isClosed = false
    }

    private let clock: HandClock
    private let state = Mutex(State())
    private let called = AsyncStream.makeStream(of: Void.self)

    init(_ clock: HandClock) { self.clock = clock }

    var numbers: [Int] { state.withLock { $0.numbers } }
    var mostAtOnce: Int { state.withLock { $0.mostAtOnce } }
    func close() { state.withLock { $0.isClosed = true } }
    func open() { state.withLock { $0.isClosed = false } }
    func waitForCall() async { for await _ in called.stream { return } }

    func play(_ frames: AudioFrames) async throws {
        let offset = state.withLock { state in
            state.atOnce += 1
            state.mostAtOnce = max(state.mostAtOnce, state.atOnce)
            defer { state.givenFrameCount += Int64(frames.frameCount) }
            return state.givenFrameCount
        }
        defer { state.withLock { $0.atOnce -= 1 } }
        called.continuation.yield()
        while state.withLock({ $0.isClosed }) {
            try Task.checkCancellation()
            await Task.yield()
        }
        await Task.yield()
        state.withLock { $0.numbers += Numbered.numbers(frames.bytes, frames.format) }
        let receiver = state.withLock { $0.receiver }
        receiver?(PlaybackReport(startedAt: clock.now, offset: offset, frameCount: Int64(frames.frameCount)))
    }

    func endSegment() async throws {}
    func interrupt() async throws {}
    func pause() async throws {}
    func resume() async throws {}

    func reportPlayback(to receiver: @escaping @Sendable (PlaybackReport) -> Void) -> Int64? {
        state.withLock { state in
            state.receiver = receiver
            return state.givenFrameCount
        }
    }
}

/// Reports that a test's own receiver got.
final class Forwarded: Sendable {
    private let reports = Mutex<[PlaybackReport]>([])
    var all: [PlaybackReport] { reports.withLock { $0 } }
    func append(_ report: PlaybackReport) { reports.withLock { $0.append(report) } }
}
