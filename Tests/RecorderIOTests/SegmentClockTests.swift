import Audio
import Logging
import TestSupport
import Testing

@testable import RecorderIO

/// A sink that reports nothing: placed by its segments' end points.
@Suite struct SegmentClockTests {
    private static let start: Int64 = 3_000_000_000_000

    /// The same by going from frame to frame.
    private struct Oracle {
        var waiting: [(number: Int, rate: Int)] = []
        var origin: Int64 = 0
        /// Of the frames of one rate since the origin, those before `waiting`.
        var playedCount: Int64 = 0
        var isPaused = false
        var played: [NumberedFrame] = []

        mutating func pass(to now: Int64) {
            while !isPaused, let next = waiting.first {
                let rate = Int64(next.rate)
                guard (now - origin) * rate >= (playedCount + 1) * 1_000_000_000 else { return }
                played.append(
                    NumberedFrame(number: next.number, nanoseconds: origin + playedCount * 1_000_000_000 / rate)
                )
                playedCount += 1
                waiting.removeFirst()
                if let after = waiting.first, after.rate == next.rate { continue }
                origin += playedCount * 1_000_000_000 / rate
                playedCount = 0
            }
        }

        mutating func give(_ numbers: Range<Int>, _ rate: Int, _ now: Int64) {
            pass(to: now)
            if waiting.isEmpty, !numbers.isEmpty {
                origin = now
                playedCount = 0
            }
            waiting += numbers.map { ($0, rate) }
        }

        mutating func resume(_ now: Int64) {
            guard isPaused else { return }
            isPaused = false
            origin = now
            playedCount = 0
        }
    }

    @Test(arguments: 0..<10)
    func `Over random schedules each frame is where a frame-by-frame reckoning has it, and none is there early`(
        part: Int
    ) {
        for seed in 0..<200 {
            var random = Random(seed: UInt64(part * 1000 + seed))
            var oracle = Oracle()
            var clock = SegmentClock()
            var now = Self.start
            var number = 0
            var reports: [(PlaybackReport, told: Int64)] = []
            var rates: [Int] = []
            var earlyCount = 0
            for _ in 0..<80 {
                let told = now
                let note: (PlaybackReport) -> Void = { reports.append(($0, told)) }
                switch random.below(9) {
                case 0...2:
                    let count = [0, 1, 16, random.below(200)][random.below(4)]
                    let rate = random.below(4) == 0 ? [8000, 16000, 44100, 384_000][random.below(4)] : 48000
                    clock.give(Int64(count), at: rate, now: HostTime(nanoseconds: now), note)
                    oracle.give(number..<number + count, rate, now)
                    rates += Array(repeating: rate, count: count)
                    number += count
                case 3...5:
                    now += Int64(random.below(4_000_000))
                    let later = now
                    clock.advance(to: HostTime(nanoseconds: now)) { reports.append(($0, later)) }
                    oracle.pass(to: now)
                case 6:
                    clock.pause(at: HostTime(nanoseconds: now), note)
                    oracle.pass(to: now)
                    oracle.isPaused = true
                case 7:
                    clock.resume(at: HostTime(nanoseconds: now))
                    oracle.resume(now)
                default:
                    clock.interrupt(at: HostTime(nanoseconds: now), note)
                    oracle.pass(to: now)
                    oracle.waiting = []
                }
            }
            let frames = reports.flatMap { report, told -> [NumberedFrame] in
                (0..<report.frameCount).map { index in
                    let rate = rates[Int(report.offset + index)]
                    let time = report.startedAt.advanced(byFrames: index, at: rate).nanoseconds
                    // REC-3: in the past tense, to its last frame.
                    earlyCount += time + 1_000_000_000 / Int64(rate) <= told + 1 ? 0 : 1
                    return NumberedFrame(number: Int(report.offset + index), nanoseconds: time)
                }
            }
            #expect(earlyCount == 0)
            let isEqual = frames.elementsEqual(oracle.played) { $0.isClose(to: $1) }
            #expect(isEqual, "seed \(part * 1000 + seed)")
        }
    }

    /// A sink with a delay and a clock of its own, that waits at each segment's end until it is played.
    @Test(arguments: [-200.0, 0, 200], [0.0, 0.5])
    func `REC-1: Over 2,000 segments no error is carried from one to the next`(ppm: Double, breakSeconds: Double) {
        var random = Random(seed: 9)
        var clock = SegmentClock()
        var now = Double(Self.start) / 1e9
        let delay = 0.012
        let rate = 48000.0 * (1 + ppm * 1e-6)
        var worst = 0.0
        var recordedCount: Int64 = 0
        var givenCount: Int64 = 0
        for _ in 0..<2000 {
            let count = Int64(4800 + random.below(48000 * 4))
            let segment = givenCount..<givenCount + count
            let begin = now
            let heardAt = begin + delay
            let check: (PlaybackReport) -> Void = { report in
                for frame in [report.offset, report.offset + report.frameCount - 1] where segment.contains(frame) {
                    let truth = heardAt + Double(frame - segment.lowerBound) / rate
                    let said = Double(report.startedAt.nanoseconds) / 1e9 + Double(frame - report.offset) / 48000
                    worst = max(worst, abs(said - truth))
                }
                recordedCount += report.frameCount
            }
            clock.give(count, at: 48000, now: HostTime(nanoseconds: Int64(now * 1e9)), check)
            givenCount += count
            let end = heardAt + Double(count) / rate
            while now < end {
                now = min(end, now + 0.5)
                clock.advance(to: HostTime(nanoseconds: Int64(now * 1e9)), check)
            }
            clock.endSegment()
            now += breakSeconds
            clock.advance(to: HostTime(nanoseconds: Int64(now * 1e9)), check)
        }
        // The delay, what 200 ppm are in the longest segment, and a frame: whatever the number of segments.
        #expect(worst < delay + 4.1 * 200e-6 + 1.0 / 48000, "\(worst) s")
        // Nothing is lost but what drift left of a segment when the next one began at once; here the delay hides that.
        #expect(givenCount - recordedCount <= 1)
    }

    @Test func `A fast sink's segments follow each other at once, and only what drifted is left out`() {
        var clock = SegmentClock()
        var now = Self.start
        var recordedCount: Int64 = 0
        var starts: [Int64: Int64] = [:]
        let check: (PlaybackReport) -> Void = { report in
            recordedCount += report.frameCount
            if report.offset % 480_000 == 0 { starts[report.offset / 480_000] = report.startedAt.nanoseconds }
        }
        for segment in 0..<100 {
            clock.give(480_000, at: 48000, now: HostTime(nanoseconds: now), check)
            // Ten seconds, 200 ppm fast: 2 ms early.
            now += 9_998_000_000
            clock.advance(to: HostTime(nanoseconds: now), check)
            clock.endSegment()
            #expect(starts[Int64(segment)] == Self.start + Int64(segment) * 9_998_000_000)
        }
        #expect(recordedCount == 100 * 479_904)
    }

    @Test func `A sink that does not wait at a segment's end is recorded to the end, and the next segment after it`() {
        var clock = SegmentClock()
        var reports: [PlaybackReport] = []
        let time = { (seconds: Double) in HostTime(nanoseconds: Self.start + Int64(seconds * 1e9)) }
        clock.give(48000, at: 48000, now: time(0)) { reports.append($0) }
        clock.endSegment()
        clock.give(24000, at: 48000, now: time(0.25)) { reports.append($0) }
        clock.endSegment()
        clock.advance(to: time(5)) { reports.append($0) }
        #expect(
            reports == [
                PlaybackReport(startedAt: time(0), offset: 0, frameCount: 12000),
                PlaybackReport(startedAt: time(0.25), offset: 12000, frameCount: 60000),
            ]
        )
        #expect(clock.isSilent)
    }

    @Test func `REC-3: A silent sink's recording goes on in the past tense, in bounded pieces, and rests after it`()
        async throws
    {
        let time = HandClock()
        let feed = NotedFeed()
        let side = OutputSide(feed, logger: .init(label: "test")) { time.now }
        let sink = ScriptedSink(time, isReporting: false)
        let start = time.now
        let output = side.record(sink)
        let format = AudioFormat(sampleFormat: .s32, sampleRate: 48000, channelCount: 1)
        try await output.play(Numbered.frames(0..<96000, format))
        for _ in 0..<3 {
            time.advance(seconds: 0.5)
            side.advance(to: time.now)
        }
        #expect(feed.frames.map(\.number) == Array(0..<72000))
        try await output.pause()
        time.advance(seconds: 2)
        side.advance(to: time.now)
        #expect(feed.frames.count == 72000)
        try await output.resume()
        let resumed = time.now
        time.advance(seconds: 0.25)
        try await output.interrupt()
        time.advance(seconds: 1)
        side.advance(to: time.now)
        #expect(feed.frames.map(\.number) == Array(0..<84000))
        #expect(feed.frames[72000].nanoseconds == resumed.nanoseconds)
        let rests = feed.notes.filter { if case .frames = $0 { false } else { true } }
        #expect(
            rests == [
                .pause(start), .resume(start), .pause(start.advanced(byFrames: 72000, at: 48000)), .resume(resumed),
                .pause(resumed.advanced(byFrames: 12000, at: 48000)),
            ]
        )
        #expect(output.reportPlayback { _ in } == nil)
    }

    @Test func `A sink that fails to pause is taken to play on`() async throws {
        let time = HandClock()
        let feed = NotedFeed()
        let side = OutputSide(feed, logger: .init(label: "test")) { time.now }
        let sink = ScriptedSink(time, isReporting: false)
        let output = side.record(sink)
        let format = AudioFormat(sampleFormat: .s32, sampleRate: 48000, channelCount: 1)
        try await output.play(Numbered.frames(0..<48000, format))
        sink.failNext()
        await #expect(throws: ScriptedSink.Failure.self) { try await output.pause() }
        time.advance(seconds: 1)
        side.advance(to: time.now)
        #expect(feed.frames.map(\.number) == Array(0..<48000))
    }
}
