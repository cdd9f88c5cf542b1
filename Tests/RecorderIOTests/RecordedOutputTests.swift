import Audio
import Logging
import TestSupport
import Testing

@testable import RecorderIO

/// A sink whose reports say where its audio went.
@Suite struct RecordedOutputTests {
    private static let format = AudioFormat(sampleFormat: .s32, sampleRate: 48000, channelCount: 1)

    private let clock = HandClock()
    private let feed = NotedFeed()

    private func side(byteLimit: Int = 64 << 20) -> OutputSide {
        let clock = clock
        return OutputSide(feed, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }, byteLimit: byteLimit) {
            clock.now
        }
    }

    // MARK: Random schedules

    @Test(arguments: 0..<20)
    func `REC-1: Over random schedules all that was played is recorded where it was played, and nothing else`(
        part: Int
    ) async throws {
        for seed in 0..<100 {
            let feed = NotedFeed()
            let clock = clock
            let side = OutputSide(feed, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }) { clock.now }
            var schedule = OutputSchedule(seed: UInt64(part * 1000 + seed), clock: clock, feed: feed, side: side)
            for _ in 0..<60 { try await schedule.step() }
            let recorded = feed.frames
            let isEqual = recorded.elementsEqual(schedule.played) { $0.isClose(to: $1) }
            #expect(isEqual, "seed \(part * 1000 + seed)")
            #expect(schedule.output.refusedReportCount == schedule.refusedCount, "seed \(part * 1000 + seed)")
            // All that the application gave, and the sink said, has passed unchanged.
            let sinks = schedule.earlierSinks + [schedule.sink]
            let passed = sinks.flatMap { sink in
                sink.given.flatMap { Numbered.numbers($0.frames.bytes, $0.frames.format) }
            }
            #expect(passed == Array(0..<schedule.nextNumber))
            #expect(schedule.forwarded.all == schedule.heard)
        }
    }

    // MARK: One by one

    private func numbers(_ range: Range<Int>) throws -> AudioFrames { try Numbered.frames(range, Self.format) }

    @Test func `REC-3: The recorder is told when to wait for a sink, and when not to`() async throws {
        let sink = ScriptedSink(clock)
        let start = clock.now
        let output = side().record(sink)
        clock.advance(seconds: 1)
        try await output.play(numbers(0..<0))
        try await output.play(numbers(0..<4800))
        try await output.play(numbers(4800..<9600))
        let played = clock.now
        sink.say(try #require(sink.pass(seconds: 0.0625)))
        try await output.pause()
        clock.advance(seconds: 3)
        try await output.resume()
        let resumed = clock.now
        sink.say(try #require(sink.pass(seconds: 0.03125)))
        try await output.endSegment()
        try await output.interrupt()
        try await output.pause()
        try await output.resume()
        let notes = feed.notes.filter { if case .frames = $0 { false } else { true } }
        #expect(
            notes == [
                .pause(start), .resume(played), .pause(played.advanced(byFrames: 3000, at: 48000)), .resume(resumed),
                .pause(resumed.advanced(byFrames: 1500, at: 48000)),
            ]
        )
    }

    @Test func `REC-3: What a sink does not report waits in bounded memory, and is counted beyond it`() async throws {
        let limit = 100_000
        let side = side(byteLimit: limit)
        let sink = ScriptedSink(clock)
        let output = side.record(sink)
        // Each takes 4,928 bytes: 20 fit.
        for index in 0..<50 { try await output.play(numbers(index * 1200..<(index + 1) * 1200)) }
        #expect(output.unkeptFrameCount == 30 * 1200)
        let first = try #require(sink.pass(seconds: 0.1))
        sink.say(first)
        // Now there is room for four: what was not kept lies before them, at its length.
        try await output.play(numbers(60000..<61200))
        let rest = try #require(sink.pass(seconds: 2))
        #expect(rest.frameCount == 61200 - 4800)
        sink.say(rest)
        let expected = (sink.truth(first) + sink.truth(rest)).filter { $0.number < 24000 || $0.number >= 60000 }
        #expect(feed.frames.elementsEqual(expected) { $0.isClose(to: $1) })
        #expect(output.refusedReportCount == 0)
    }

    @Test func `What an interruption left unplayed is let go of`() async throws {
        let side = side(byteLimit: 100_000)
        let sink = ScriptedSink(clock)
        let output = side.record(sink)
        for index in 0..<200 {
            try await output.play(numbers(index * 12000..<(index + 1) * 12000))
            if index % 2 == 0 { try await output.interrupt() } else { try await output.endSegment() }
        }
        #expect(output.unkeptFrameCount == 0)
        #expect(feed.frames == [])
    }

    @Test func `REC-3: A report that ends in the future, or begins before the one before it ended, is refused`()
        async throws
    {
        let sink = ScriptedSink(clock)
        let output = side().record(sink)
        try await output.play(numbers(0..<96000))
        clock.advance(seconds: 1)
        let now = clock.now
        // Clocks may be 0.1 s apart, and no more.
        sink.say(PlaybackReport(startedAt: now, offset: 0, frameCount: 4801))
        #expect(output.refusedReportCount == 1)
        sink.say(PlaybackReport(startedAt: now, offset: 0, frameCount: 4800))
        #expect(output.refusedReportCount == 1)
        clock.advance(seconds: 1)
        sink.say(PlaybackReport(startedAt: HostTime(nanoseconds: now.nanoseconds - 1), offset: 4800, frameCount: 1))
        #expect(output.refusedReportCount == 2)
        sink.say(PlaybackReport(startedAt: now, offset: 4800, frameCount: 1))
        sink.say(PlaybackReport(startedAt: now, offset: 4800, frameCount: 0))
        #expect(output.refusedReportCount == 3)
        #expect(feed.frames.map(\.number) == Array(0...4800))
    }

    @Test func `After the recording's end a sink plays on, and keeps its count`() async throws {
        let side = side()
        let sink = ScriptedSink(clock)
        let output = side.record(sink)
        try await output.play(numbers(0..<480))
        side.detach()
        try await output.play(numbers(480..<960))
        sink.say(try #require(sink.pass(seconds: 1)))
        #expect(feed.frames == [])
        #expect(output.refusedReportCount == 0)
        #expect(output.reportPlayback { _ in } == 960)
        #expect(sink.calls == ["play", "play"])
    }

    @Test func `A recorded output can be recorded again, as any sink`() async throws {
        let outerFeed = NotedFeed()
        let clock = clock
        let outer = OutputSide(outerFeed, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }) { clock.now }
        let sink = ScriptedSink(clock, givenBefore: 77)
        let output = outer.record(side().record(sink))
        try await output.play(numbers(0..<4800))
        sink.say(try #require(sink.pass(seconds: 0.1)))
        #expect(outerFeed.frames.count == 4800)
        #expect(outerFeed.frames == feed.frames)
    }

    // MARK: Many tasks

    @Test func `Calls of many tasks reach the sink one at a time, and each frame is recorded once`() async throws {
        let side = side()
        let sink = EagerSink(clock)
        let output = side.record(sink)
        let clock = clock
        try await withThrowingTaskGroup { group in
            for task in 0..<8 {
                group.addTask {
                    for call in 0..<100 {
                        let number = (task * 100 + call) * 10
                        try await output.play(Numbered.frames(number..<number + 10, Self.format))
                        if call % 7 == task % 7 { try await output.pause() }
                        if call % 7 == (task + 2) % 7 { try await output.resume() }
                        clock.advance(seconds: 0.001)
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect(sink.mostAtOnce == 1)
        #expect(output.refusedReportCount == 0)
        #expect(feed.frames.map(\.number) == sink.numbers)
        #expect(feed.frames.map(\.number).sorted() == Array(0..<8000))
    }

    @Test func `A task that is cancelled while another's frames are taken gives none`() async throws {
        let sink = EagerSink(clock)
        let output = side().record(sink)
        sink.close()
        let first = Task { try await output.play(numbers(0..<10)) }
        await sink.waitForCall()
        let second = Task { try await output.play(numbers(10..<20)) }
        let third = Task { try await output.play(numbers(20..<30)) }
        second.cancel()
        await #expect(throws: CancellationError.self) { try await second.value }
        sink.open()
        try await first.value
        try await third.value
        #expect(sink.numbers == Array(0..<10) + Array(20..<30))
        #expect(feed.frames.map(\.number) == sink.numbers)
    }

    @Test func `Cancellation reaches the sink that is playing`() async throws {
        let sink = EagerSink(clock)
        let output = side().record(sink)
        sink.close()
        let task = Task { try await output.play(numbers(0..<10)) }
        await sink.waitForCall()
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
    }
}
