import Audio
import Capture
import Foundation
import FrameRing
import Logging
import Synchronization
import TestSupport
import Testing

@testable import RecorderIO

/// REC-1: an input and an output in one file, through the recorder's own threads.
@Suite struct SessionTracksTests {
    private static let rate = 16000
    private static let mono = AudioFormat(sampleFormat: .s16, sampleRate: rate, channelCount: 1)

    /// Reports what it is given at once, as played when the test says.
    private final class ReportingSink: AudioSink {
        private let receiver = Mutex<(@Sendable (PlaybackReport) -> Void)?>(nil)

        func play(_ frames: AudioFrames) async throws {}
        func endSegment() async throws {}
        func interrupt() async throws {}
        func pause() async throws {}
        func resume() async throws {}

        func reportPlayback(to receiver: @escaping @Sendable (PlaybackReport) -> Void) -> Int64? {
            self.receiver.withLock { $0 = receiver }
            return 0
        }

        func report(_ offset: Int64, _ frameCount: Int64, at time: HostTime) {
            let report = PlaybackReport(startedAt: time, offset: offset, frameCount: frameCount)
            receiver.withLock { $0 }?(report)
        }
    }

    private func recorder(_ options: RecorderOptions) throws -> RecorderIO {
        try RecorderIO(options, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    }

    private func options(_ workspace: Workspace, _ input: TrackSource, _ output: TrackSource) -> RecorderOptions {
        RecorderOptions(input: input, output: output, filePath: "\(workspace.path)/take", recordingID: "r")
    }

    private func channels(_ workspace: Workspace) throws -> (left: [Int16], right: [Int16]) {
        let data = try SoundBytes(try workspace.bytes("take")).data
        let samples = stride(from: 0, to: data.count - 1, by: 2).map {
            Int16(truncatingIfNeeded: Int(data[data.startIndex + $0]) | Int(data[data.startIndex + $0 + 1]) << 8)
        }
        return (
            stride(from: 0, to: samples.count, by: 2).map { samples[$0] },
            stride(from: 1, to: samples.count, by: 2).map { samples[$0] }
        )
    }

    /// Both tracks as an application feeds them, and the file as the recorder thread would write it, by a clock that the test
    /// drives.
    private struct Stage: ~Copyable {
        var tracks: SessionTracks
        let input: InputSide
        let output: OutputSide
        let inputFeed: RingFeed
        let outputFeed: RingFeed
        let clock: HandClock
        let zero: HostTime
        var samples: [Int16] = []
        var gaps: [Gap] = []

        init() throws {
            let wakeup = try Wakeup()
            let mono = SessionTracksTests.mono
            let options = RecorderOptions(input: .application(mono), filePath: "/nowhere", recordingID: "r")
            let input = try OpenTrack(.application(mono), options, wakeup: wakeup)
            let output = try OpenTrack(.application(mono), options, wakeup: wakeup)
            guard let inputFeed = input.feed, let outputFeed = output.feed else { throw RecorderError.notRecording }
            var format = mono
            format.channelCount = 2
            let tracks = try SessionTracks(format, input, output, wakeup: wakeup)
            guard let zero = tracks.startTime else { throw RecorderError.notRecording }
            let clock = HandClock(zero)
            let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
            self.inputFeed = inputFeed
            self.outputFeed = outputFeed
            self.zero = zero
            self.clock = clock
            self.input = InputSide(inputFeed) { clock.now }
            self.output = OutputSide(outputFeed, logger: logger) { clock.now }
            self.tracks = tracks
        }

        func time(_ frame: Int64) -> HostTime { zero.advanced(byFrames: frame, at: SessionTracksTests.rate) }

        /// One round of the recorder's.
        mutating func write() {
            output.advance(to: clock.now)
            while tracks.readyFrameCount(now: clock.now, heard: { _, _ in }) > 0 {
                var piece: [Int16] = []
                let count = tracks.takeFrames(atMost: .max) { bytes in
                    piece = (0..<bytes.byteCount / 2).map {
                        Int16(truncatingIfNeeded: Samples.bits(of: bytes, .s16, sample: $0))
                    }
                    return bytes.byteCount / 4
                }
                guard count > 0 else { break }
                samples += piece
            }
            gaps += tracks.takeGaps()
        }

        mutating func end() {
            input.detach()
            output.detach()
            inputFeed.close()
            outputFeed.close()
            tracks.stop()
            repeat { write() } while !tracks.isOver
        }

        var left: [Int16] { stride(from: 0, to: samples.count, by: 2).map { samples[$0] } }
        var right: [Int16] { stride(from: 1, to: samples.count, by: 2).map { samples[$0] } }
    }

    // REC-1, REC-2, REC-5
    @Test func `What an application hears and plays lies where its times say, to the frame`() async throws {
        var stage = try Stage()
        // Half a second of input, of which a tenth is missing, and an utterance that is paused and then cut short.
        let ranges: [Range<Int>] = [100..<3300, 4900..<8100]
        let blocks = try ranges.map { range in
            let frames = try AudioFrames(range.map { Int16($0) }, sampleRate: Self.rate)
            return TimedFrames(frames, hostTime: stage.time(Int64(range.lowerBound)))
        }
        let source = AsyncStream { continuation in
            for block in blocks { continuation.yield(block) }
            continuation.finish()
        }
        let sink = ReportingSink()
        let output = stage.output.record(sink)
        try await output.play(try AudioFrames((0..<4000).map { Int16(-$0 - 1) }, sampleRate: Self.rate))
        stage.write()
        stage.clock.advance(to: stage.time(8100))
        sink.report(0, 2000, at: stage.time(1100))
        sink.report(2000, 1000, at: stage.time(5100))
        try await output.interrupt()
        var passed: [TimedFrames] = []
        for await frames in stage.input.record(source, clock: .exact) { passed.append(frames) }
        #expect(passed == blocks)
        stage.write()
        stage.end()

        let (left, right) = (stage.left, stage.right)
        #expect(left.count >= 8100)
        var expectedLeft = [Int16](repeating: 0, count: left.count)
        for range in ranges { for frame in range { expectedLeft[frame] = Int16(frame) } }
        #expect(left == expectedLeft)
        // A sink's times are measured, so that its frames are resampled: all but exact, but for the edges of what was cut.
        for (frames, start) in [(0..<2000, 1100), (2000..<3000, 5100)] {
            for frame in frames.dropFirst(50).dropLast(50) {
                #expect(abs(Int(right[start + frame - frames.lowerBound]) + frame + 1) <= 2, "\(frame)")
            }
        }
        for silence in [0..<1100, 3100..<5100, 6100..<right.count] {
            #expect(right[silence].allSatisfy { $0 == 0 })
        }

        // Of the input each missing frame is told; that nothing is played is no gap.
        #expect(stage.gaps.allSatisfy { $0.channels == [1] })
        #expect(stage.gaps.contains(Gap(firstFrame: 3300, frameCount: 1600, cause: .unreported, channels: [1])))
        #expect(stage.gaps.reduce(6400) { $0 + $1.frameCount } == Int64(left.count))
        #expect(stage.tracks.takeDroppedFrameCount() == 0)
    }

    // REC-4
    @Test func `Frames of another format are converted, and those of other channels refused`() async throws {
        var stage = try Stage()
        let tone = (0..<24000).map { Float(0.5 * sin(2 * .pi * 440 * Double($0) / 48000)) }
        var blocks: [TimedFrames] = []
        for start in stride(from: 0, to: 24000, by: 480) {
            let frames = try AudioFrames(Array(tone[start..<start + 480]), sampleRate: 48000)
            blocks.append(TimedFrames(frames, hostTime: stage.zero.advanced(byFrames: Int64(start), at: 48000)))
        }
        let stereo = try AudioFrames([Int16](repeating: 9, count: 64), sampleRate: Self.rate, channelCount: 2)
        blocks.append(TimedFrames(stereo, hostTime: stage.time(9000)))
        let source = AsyncStream { [blocks] continuation in
            for block in blocks { continuation.yield(block) }
            continuation.finish()
        }
        for await _ in stage.input.record(source, clock: .exact) {}
        stage.clock.advance(to: stage.time(8000))
        stage.write()
        #expect(stage.tracks.takeRefusal() == .channels(asked: 2, track: 1))
        stage.end()
        var (signal, noise) = (0.0, 0.0)
        for frame in 100..<7900 {
            let value = 0.5 * 32768 * sin(2 * .pi * 440 * Double(frame) / Double(Self.rate))
            signal += value * value
            noise += (Double(stage.left[frame]) - value) * (Double(stage.left[frame]) - value)
        }
        #expect(10 * log10(signal / noise) > 80)
        #expect(stage.left.dropFirst(8100).allSatisfy { $0 == 0 })
        #expect(stage.tracks.takeDroppedFrameCount() == 32)
    }

    // REC-3
    @Test func `More than has room waits in the ring, and is heard once`() async throws {
        var stage = try Stage()
        let sink = ReportingSink()
        let output = stage.output.record(sink)
        // From now on the output says nothing, though it is to play.
        try await output.play(try AudioFrames([Int16](repeating: 5, count: 100), sampleRate: Self.rate))
        let blocks = try (0..<8).map { block in
            let frames = try AudioFrames([Int16](repeating: Int16(block + 1), count: 8000), sampleRate: Self.rate)
            return TimedFrames(frames, hostTime: stage.time(Int64(8000 * block)))
        }
        let source = AsyncStream { continuation in
            for block in blocks { continuation.yield(block) }
            continuation.finish()
        }
        for await _ in stage.input.record(source, clock: .exact) {}
        var heardCount = 0
        var readCount = 0
        for _ in 0..<20 {
            while true {
                let ready = stage.tracks.readyFrameCount(now: stage.clock.now) { frames, position in
                    #expect(frames.byteCount > 0)
                    #expect(position == heardCount)
                    heardCount += frames.byteCount / 2
                }
                guard ready > 0 else { break }
                readCount += Int(stage.tracks.takeFrames(atMost: ready) { $0.byteCount / 4 })
            }
            stage.clock.advance(seconds: 0.5)
        }
        #expect(heardCount == 64_000)
        #expect(readCount >= 64_000)
    }

    @Test func `Only an application's tracks can be fed`() async throws {
        let workspace = try Workspace()
        let device = CaptureOptions(deviceName: Microphones.fixture("ramp-s16-1ch.wav"))
        let recorder = try recorder(
            RecorderOptions(capture: device, filePath: "\(workspace.path)/take", recordingID: "r")
        )
        #expect(throws: RecorderError.noFeed(track: "output")) { _ = try recorder.recordOutput(ReportingSink()) }
        #expect(throws: RecorderError.noFeed(track: "input")) {
            _ = try recorder.recordInput(AsyncStream<TimedFrames> { $0.finish() })
        }
        _ = await recorder.close()
    }

    // CAP-2
    @Test func `Two devices without clocks lie side by side as they are`() async throws {
        let workspace = try Workspace()
        let recorder = try recorder(
            options(
                workspace,
                .device(CaptureOptions(deviceName: Microphones.fixture("ramp-s16-1ch.wav"))),
                .device(CaptureOptions(deviceName: Microphones.fixture("ramp-s16-1ch.wav", "START=100")))
            )
        )
        let outcome = try #require(await recorder.outcome())
        #expect(outcome.error == nil)
        #expect(outcome.recording?.gaps == [])
        let package = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("../..")
        let fixture = package.appendingPathComponent("Fixtures/ramp-s16-1ch.wav")
        let data = try SoundBytes([UInt8](try Data(contentsOf: fixture))).data
        let ramp = stride(from: 0, to: data.count - 1, by: 2).map {
            Int16(truncatingIfNeeded: Int(data[data.startIndex + $0]) | Int(data[data.startIndex + $0 + 1]) << 8)
        }
        let (left, right) = try channels(workspace)
        #expect(left == ramp)
        #expect(Array(right.prefix(ramp.count - 100)) == Array(ramp.dropFirst(100)))
    }
}
