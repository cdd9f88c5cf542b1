import Audio
import Capture
import Foundation
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

    // REC-1, REC-2, REC-5
    @Test func `What an application hears and plays lies where its times say, to the frame`() async throws {
        let workspace = try Workspace()
        let recorder = try recorder(options(workspace, .application(Self.mono), .application(Self.mono)))
        let begin = HostTime.now()
        func time(_ frame: Int64) -> HostTime { begin.advanced(byFrames: frame, at: Self.rate) }

        // Half a second of input, of which a tenth is missing, and an utterance that is cut short.
        let blocks = try [0..<3200, 4800..<8000].map { range in
            let frames = try AudioFrames(range.map { Int16($0 + 1) }, sampleRate: Self.rate)
            return TimedFrames(frames, hostTime: time(Int64(range.lowerBound)))
        }
        let source = AsyncStream { continuation in
            for block in blocks { continuation.yield(block) }
            continuation.finish()
        }
        let sink = ReportingSink()
        let output = try recorder.recordOutput(sink)
        try await output.play(try AudioFrames((0..<4000).map { Int16(-$0 - 1) }, sampleRate: Self.rate))
        // Reports are about the past.
        while HostTime.now() < time(6000) { await Task.yield() }
        sink.report(0, 2000, at: time(1000))
        sink.report(2000, 1000, at: time(5000))
        try await output.interrupt()
        var passed: [TimedFrames] = []
        for await frames in try recorder.recordInput(source, clock: .exact) { passed.append(frames) }
        #expect(passed == blocks)

        let outcome = await recorder.close()
        #expect(outcome.error == nil)
        let recording = try #require(outcome.recording)
        let (left, right) = try channels(workspace)
        #expect(recording.format.channelCount == 2 && recording.frameCount == Int64(left.count))
        let zero = try #require(outcome.startTime)
        let first = Int((begin.seconds(since: zero) * Double(Self.rate)).rounded())

        var expectedLeft = [Int16](repeating: 0, count: left.count)
        for range in [0..<3200, 4800..<8000] { for frame in range { expectedLeft[first + frame] = Int16(frame + 1) } }
        var expectedRight = [Int16](repeating: 0, count: right.count)
        for frame in 0..<2000 { expectedRight[first + 1000 + frame] = Int16(-frame - 1) }
        for frame in 2000..<3000 { expectedRight[first + 3000 + frame] = Int16(-frame - 1) }
        #expect(left == expectedLeft)
        #expect(right == expectedRight)

        // Of the input each missing frame is told; that nothing is played is no gap.
        #expect(recording.gaps.allSatisfy { $0.channels == [1] })
        #expect(recording.gaps.contains(Gap(firstFrame: Int64(first + 3200), frameCount: 1600, cause: .unreported, channels: [1])))
        #expect(recording.gaps.reduce(6400) { $0 + $1.frameCount } == recording.frameCount)
    }

    // REC-4
    @Test func `Frames of another format are converted, and those of other channels refused`() async throws {
        let workspace = try Workspace()
        let recorder = try recorder(options(workspace, .application(Self.mono), .application(Self.mono)))
        let begin = HostTime.now()
        let tone = (0..<24000).map { Float(0.5 * sin(2 * .pi * 440 * Double($0) / 48000)) }
        let source = AsyncStream { continuation in
            for start in stride(from: 0, to: 24000, by: 480) {
                guard let frames = try? AudioFrames(Array(tone[start..<start + 480]), sampleRate: 48000) else { continue }
                let time = begin.advanced(byFrames: Int64(start), at: 48000)
                continuation.yield(TimedFrames(frames, hostTime: time))
            }
            if let stereo = try? AudioFrames([Int16](repeating: 9, count: 64), sampleRate: Self.rate, channelCount: 2) {
                continuation.yield(TimedFrames(stereo, hostTime: begin.advanced(byFrames: 30000, at: 48000)))
            }
            continuation.finish()
        }
        for await _ in try recorder.recordInput(source, clock: .exact) {}
        let outcome = await recorder.close()
        let zero = try #require(outcome.startTime)
        let (left, _) = try channels(workspace)
        let offset = begin.seconds(since: zero)
        var (signal, noise) = (0.0, 0.0)
        let first = Int((offset * Double(Self.rate)).rounded(.up)) + 100
        for frame in first..<first + 7000 {
            // Where the first frame lies is rounded to a frame of the file.
            let seconds = (Double(frame) - (offset * Double(Self.rate)).rounded()) / Double(Self.rate)
            let value = 0.5 * 32768 * sin(2 * .pi * 440 * seconds)
            signal += value * value
            noise += (Double(left[frame]) - value) * (Double(left[frame]) - value)
        }
        #expect(10 * log10(signal / noise) > 80)
        #expect(!left.contains(9))
        #expect(outcome.recording?.droppedFrameCount == 32)
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
