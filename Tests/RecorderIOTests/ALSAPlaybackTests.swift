import Audio
import Capture
import Logging
import Synchronization
import TestSupport
import Testing

@testable import RecorderIO

/// Through the real alsa-lib, on a device that knows what was heard.
@Suite(.serialized) struct ALSAPlaybackTests {
    private static let format = AudioFormat(sampleFormat: .s16, sampleRate: 48000, channelCount: 2)

    private let folder: TemporaryFolder
    private let file: String
    private let feed = NotedFeed()

    init() throws {
        folder = try TemporaryFolder()
        file = folder.path + "/heard"
    }

    /// A recorded playback on the fixture speaker.
    private func output(_ options: String = "") throws -> RecordedOutput {
        try output(on: Microphones.speaker(file, options))
    }

    private func output(on deviceName: String) throws -> RecordedOutput {
        let side = OutputSide(feed, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        return side.record(try ALSAPlayback(deviceName: deviceName))
    }

    private func numbers(_ range: Range<Int>) throws -> AudioFrames { try Numbered.frames(range, Self.format) }

    /// Plays pieces of 10 ms.
    private func play(_ output: RecordedOutput, _ range: Range<Int>) async throws {
        for start in stride(from: range.lowerBound, to: range.upperBound, by: 480) {
            try await output.play(numbers(start..<min(range.upperBound, start + 480)))
        }
    }

    /// Compares what was recorded with what was heard: no frame is recorded that was not heard then.
    ///
    /// The time of a report can only be late, by what lies between a driver's looks at its position and at the clock: that
    /// is little, but where the machine took the processor away just then. So the median tells.
    private func expectTruth(ppm: Double = 0) throws {
        let heard = Dictionary(
            try HeardAudio(file).frames(Self.format, ppm: ppm).map { ($0.number, $0.nanoseconds) },
            uniquingKeysWith: { max($0, $1) }
        )
        let frames = feed.frames
        #expect(Set(frames.map(\.number)).isSubset(of: Set(heard.keys)))
        let errors = frames.map { $0.nanoseconds - (heard[$0.number] ?? 0) }.sorted()
        guard !errors.isEmpty else { return }
        #expect(abs(errors[errors.count / 2]) < 250_000, "\(errors[errors.count / 2]) ns")
    }

    @Test(arguments: ["", "DRIFT=1000", "DRIFT=-1000", "PAUSE=1"])
    func `REC-1: What was heard is recorded when it was heard, segment by segment`(options: String) async throws {
        do {
            let output = try output(options)
            try await play(output, 1..<24000)
            try await output.endSegment()
            #expect(feed.frames.map(\.number) == Array(1..<24000))
            // Shorter than a period, and than what a start waits for.
            try await play(output, 24000..<24100)
            try await output.endSegment()
            #expect(feed.frames.map(\.number) == Array(1..<24100))
            #expect(output.refusedReportCount == 0)
            try await output.endSegment()
        }
        let ppm = options.hasPrefix("DRIFT") ? Double(options.dropFirst(6)) ?? 0 : 0
        #expect(try HeardAudio(file).frames(Self.format).map(\.number) == Array(1..<24100))
        try expectTruth(ppm: ppm)
    }

    @Test func `What is interrupted is not recorded, and what follows is`() async throws {
        let output = try output()
        let (reports, continuation) = AsyncStream.makeStream(of: PlaybackReport.self)
        _ = output.reportPlayback { continuation.yield($0) }
        // More than the device and the queue hold: the call waits, until the interruption.
        let long = Task { try await output.play(numbers(1..<480_000)) }
        for await _ in reports { break }
        try await output.interrupt()
        try await long.value
        let count = feed.frames.count
        #expect(count > 0 && count < 480_000)
        try await play(output, 500_000..<504_800)
        try await output.endSegment()
        #expect(feed.frames.map(\.number) == Array(1...count) + Array(500_000..<504_800))
        #expect(output.refusedReportCount == 0)
        try expectTruth()
    }

    @Test(arguments: ["", "PAUSE=1"])
    func `Over pauses each frame is recorded once, and none for the pause`(options: String) async throws {
        let output = try output(options)
        let (reports, continuation) = AsyncStream.makeStream(of: PlaybackReport.self)
        _ = output.reportPlayback { continuation.yield($0) }
        try await output.play(numbers(1..<33600))
        var iterator = reports.makeAsyncIterator()
        for _ in 0..<3 {
            _ = await iterator.next()
            try await output.pause()
            let count = feed.frames.count
            try await Task.sleep(for: .milliseconds(30))
            #expect(feed.frames.count == count)
            try await output.resume()
        }
        try await output.endSegment()
        #expect(feed.frames.map(\.number) == Array(1..<33600))
        #expect(output.refusedReportCount == 0)
        try expectTruth()
        // A device that can pause has been asked to: nothing is heard twice.
        if options == "PAUSE=1" { #expect(try HeardAudio(file).frames(Self.format).map(\.number) == Array(1..<33600)) }
    }

    @Test func `An underrun costs nothing, and what comes after it is recorded after it`() async throws {
        let output = try output()
        let (reports, continuation) = AsyncStream.makeStream(of: PlaybackReport.self)
        _ = output.reportPlayback { continuation.yield($0) }
        var played: Int64 = 0
        for start in [1, 4801, 9601] {
            try await output.play(numbers(start..<start + 4800))
            // Nothing follows until all is reported: the device has run dry.
            for await report in reports {
                played = report.offset + report.frameCount
                if played == Int64(start + 4799) { break }
            }
        }
        #expect(try HeardAudio(file).stretches.count >= 2)
        #expect(feed.frames.map(\.number) == Array(1..<14401))
        #expect(output.refusedReportCount == 0)
        try await output.endSegment()
        try expectTruth()
    }

    @Test func `After a suspend the rest is heard, and each frame recorded once`() async throws {
        let output = try output("SUSPEND=9600")
        try await play(output, 1..<19200)
        try await output.endSegment()
        #expect(feed.frames.map(\.number) == Array(1..<19200))
        #expect(output.refusedReportCount == 0)
        #expect(try HeardAudio(file).stretches.count == 2)
        try expectTruth()
    }

    @Test func `A lost device is told in a sentence, and opened anew by what follows`() async throws {
        let name = Microphones.speaker(file, "UNPLUG=9600")
        let output = try output(on: name)
        let error = await #expect(throws: PlaybackError.self) {
            try await play(output, 1..<96000)
            try await output.endSegment()
        }
        #expect(error?.description.hasPrefix("\(name) failed in ") == true)
        #expect(error?.isRetryable == true)
        let count = feed.frames.count
        #expect(count <= 9600)
        #expect(feed.frames.map(\.number) == Array(1..<count + 1))
        try await play(output, 100_000..<104_800)
        try await output.endSegment()
        // Between them may be what the call gave that was told of the loss.
        let numbers = feed.frames.map(\.number)
        #expect(numbers.prefix(count) == Array(1..<count + 1)[...])
        #expect(numbers.suffix(4800) == Array(100_000..<104_800)[...])
        #expect(numbers == Set(numbers).sorted())
        #expect(output.refusedReportCount == 0)
        try expectTruth()
    }

    @Test func `Every format that the device offers is played bit by bit, one after another`() async throws {
        let output = try output()
        var number = 1
        var expected: [AudioFormat: [Int]] = [:]
        for format in SampleFormat.allCases.map({ AudioFormat(sampleFormat: $0, sampleRate: 16000, channelCount: 3) })
            + [AudioFormat(sampleFormat: .s16, sampleRate: 44100, channelCount: 2), Self.format]
        {
            try await output.play(Numbered.frames(number..<number + 1600, format))
            expected[format, default: []] += Array(number..<number + 1600)
            number += 1600
        }
        try await output.endSegment()
        #expect(feed.frames.map(\.number) == Array(1..<number))
        let heard = try HeardAudio(file)
        #expect(heard.frames(Self.format).map(\.number) == expected[Self.format])
        for format in expected.keys {
            let numbers = heard.frames(format).map(\.number)
            #expect(Set(expected[format] ?? []).isSubset(of: numbers))
        }
    }

    @Test func `What the device does not play is told in a sentence that names the fix`() async throws {
        let name = Microphones.speaker(file, "RATE=48000")
        let output = try output(on: name)
        let error = await #expect(throws: PlaybackError.self) {
            try await output.play(AudioFrames([Int16](repeating: 0, count: 24000), sampleRate: 24000))
            try await output.endSegment()
        }
        #expect(
            error?.description == "\(name) does not play 24000 Hz (it plays 48000): "
                + "convert the audio before, or name a device that converts"
        )
        let missing = try self.output(on: "nosuchdevice")
        let other = await #expect(throws: PlaybackError.self) {
            try await missing.play(numbers(1..<100))
            try await missing.endSegment()
        }
        #expect(other?.description.hasPrefix("cannot play on nosuchdevice (") == true)
        #expect(feed.frames == [])
    }

    @Test func `REC-1: A device without a clock is recorded at its nominal rate, in the past tense`() async throws {
        let output = try output(on: Microphones.null)
        let start = HostTime.now()
        try await play(output, 1..<24000)
        try await output.endSegment()
        let end = HostTime.now()
        let frames = feed.frames
        #expect(frames.map(\.number) == Array(1..<24000))
        #expect(output.refusedReportCount == 0)
        #expect(frames.allSatisfy { $0.nanoseconds >= start.nanoseconds && $0.nanoseconds <= end.nanoseconds })
    }

    @Test func `A sink that is let go of stops its thread and its device`() async throws {
        weak var orders: PlaybackOrders?
        do {
            let playback = try ALSAPlayback(deviceName: Microphones.speaker(file))
            try await playback.play(numbers(1..<100))
            orders = playback.orders
            #expect(orders != nil)
        }
        while orders != nil { await Task.yield() }
    }
}
