import Audio
import TestSupport
import Testing

@testable import RecorderIO

/// One random life of an output, and what should have become of it.
struct OutputSchedule {
    var random: Random
    let clock: HandClock
    let feed: NotedFeed
    let side: OutputSide
    var sink: ScriptedSink
    var output: RecordedOutput
    var earlierSinks: [ScriptedSink] = []
    var nextNumber = 0
    var played: [NumberedFrame] = []
    var heard: [PlaybackReport] = []
    var refusedCount: Int64 = 0
    let forwarded = Forwarded()

    init(seed: UInt64, clock: HandClock, feed: NotedFeed, side: OutputSide) {
        random = Random(seed: seed)
        self.clock = clock
        self.feed = feed
        self.side = side
        sink = ScriptedSink(clock, givenBefore: Int64(random.below(3) * 1000))
        output = side.record(sink)
        listen()
    }

    func listen() { _ = output.reportPlayback { [forwarded] in forwarded.append($0) } }

    mutating func say(_ report: PlaybackReport, isTrue: Bool) {
        sink.say(report)
        heard.append(report)
        if isTrue { played += sink.truth(report) } else { refusedCount += 1 }
    }

    mutating func sayHeld() {
        for report in sink.takeHeld() { say(report, isTrue: true) }
    }

    mutating func step() async throws {
        switch random.below(14) {
        case 0...3:
            let count = [0, 1, 7, 48, 111, random.below(400)][random.below(6)]
            let format = random.below(4) == 0 ? Numbered.formats[random.below(5)] : Numbered.formats[0]
            let frames = try Numbered.frames(nextNumber..<nextNumber + count, format)
            nextNumber += count
            if random.below(12) == 0 {
                // What it was given counts as given, and is played all the same: a sink may fail after it has taken them.
                sink.failNext()
                await #expect(throws: ScriptedSink.Failure.self) { try await output.play(frames) }
            } else {
                try await output.play(frames)
            }
        case 4...8:
            guard let report = sink.pass(seconds: random.unit() * 0.008) else { return }
            switch random.below(5) {
            case 0: sink.hold(report)
            case 1: _ = sink.takeHeld()  // These, and this, are never reported.
            default:
                sayHeld()
                say(report, isTrue: true)
            }
        case 9:
            sayHeld()
            try await output.pause()
        case 10: try await output.resume()
        case 11: try await end()
        case 12: sayWrong()
        default: swap()
        }
    }

    /// Ends or interrupts the segment; what is reported after that comes too late.
    private mutating func end() async throws {
        let isObedient = random.below(3) > 0
        let late = isObedient ? [] : sink.takeHeld()
        sayHeld()
        if random.below(2) == 0 { try await output.interrupt() } else { try await output.endSegment() }
        for report in late { say(report, isTrue: false) }
    }

    private mutating func sayWrong() {
        let given = sink.givenFrameCount
        let next = sink.next
        let now = clock.now
        var report = PlaybackReport(startedAt: now, offset: next, frameCount: given - next)
        switch random.below(7) {
        case 0: report.frameCount = [-1, .min][random.below(2)]
        case 1: report.offset = [-1, .min][random.below(2)]
        case 2: report.frameCount += [1, 1 << 40][random.below(2)]
        case 3: report.offset = .max
        case 4: report.startedAt = HostTime(nanoseconds: [-1, .min][random.below(2)])
        case 5: report.startedAt = HostTime(nanoseconds: [now.nanoseconds + 1, .max][random.below(2)])
        default: report.frameCount = .max
        }
        say(report, isTrue: false)
    }

    private mutating func swap() {
        earlierSinks.append(sink)
        #expect(output.refusedReportCount == refusedCount)
        refusedCount = 0
        sink = ScriptedSink(clock, givenBefore: Int64(random.below(2) * 500))
        output = side.record(sink)
        listen()
        // It plays on, and nobody records it; nor is it wrong.
        let earlier = earlierSinks[random.below(earlierSinks.count)]
        if let report = earlier.pass(seconds: 0.01) {
            earlier.say(report)
            heard.append(report)
        }
    }
}
