import Foundation
import Glibc
import TestSupport
import Testing

/// A device that seems to record, and does not, is told: in the log while it lasts, and in the report (CAP-7).
@Suite(.timeLimit(.minutes(10))) struct LivenessTests {
    private typealias Condition = Report.Condition

    private func condition(_ name: String, _ first: Int, _ frames: Int, _ channels: [Int]? = nil) -> Condition {
        Condition(condition: name, firstFrame: first, frames: frames, channels: channels)
    }

    /// A device that plays a ramp in whose `channels` a stretch of frames holds one sample of S16_LE.
    private func device(
        _ tapeline: Tapeline,
        frames: Int,
        holding sample: UInt16,
        in stretch: Range<Int>,
        channels: [Int] = [0, 1]
    ) throws -> String {
        let ramp = Ramp("S16_LE", rate: 48000)
        var bytes = ramp.bytes(frames: frames)
        for frame in stretch {
            for channel in channels {
                let place = 4 * frame + 2 * channel
                bytes[place] = UInt8(sample & 0xFF)
                bytes[place + 1] = UInt8(sample >> 8)
            }
        }
        let file = try tapeline.folder.write(bytes, to: "microphone.raw")
        return Tapeline.device(file, "FORMAT=S16_LE,RATE=48000,CHANNELS=2,SPEED=max")
    }

    @Test(arguments: ["wav", "flac", "ogg-opus"])
    func `Zeros that last are a lack of signal, from the first to the last frame`(_ container: String) async throws {
        let tapeline = try Tapeline()
        let device = try device(tapeline, frames: 400_000, holding: 0, in: 60007..<260_019)
        let outcome = try await tapeline.record(device, ["--alert-after", "2", "--container", container])
        let recording = try outcome.recording()
        #expect(recording.conditions == [condition("no_signal", 60007, 200_012)])
        #expect(recording.gaps.isEmpty)
        #expect(recording.frames == 400_000)
        #expect(
            outcome.sentences == [
                "tapeline: warning: no_signal since 1.250145833 seconds, frame 60007",
                "tapeline: no_signal is over after 4.166916666 seconds",
            ]
        )
    }

    @Test func `One channel that is dead is told by its number, and one sample that is stuck by another name`()
        async throws
    {
        let tapeline = try Tapeline()
        let dead = try device(tapeline, frames: 200_000, holding: 0, in: 0..<200_000, channels: [1])
        let recording = try await tapeline.record(dead, ["--alert-after", "2"]).recording()
        #expect(recording.conditions == [condition("no_signal", 0, 200_000, [2])])
        let stuck = try device(tapeline, frames: 200_000, holding: 0x1234, in: 100..<150_000)
        let outcome = try await tapeline.record(stuck, ["--alert-after", "2", "--quiet"])
        #expect(try outcome.recording().conditions == [condition("stuck_signal", 100, 149_900)])
        #expect(outcome.standardError.isEmpty)
    }

    // A minute unless told.
    @Test func `Less than a minute of zeros is nothing`() async throws {
        let tapeline = try Tapeline()
        let sound = Data((0..<32000).map { UInt8(truncatingIfNeeded: $0) })
        for (seconds, conditions) in [(59, nil), (60, [condition("no_signal", 16000, 60 * 8000)])] {
            let file = try tapeline.folder.write(sound + Data(count: 2 * 8000 * seconds) + sound, to: "\(seconds).raw")
            let device = Tapeline.device(file, "FORMAT=S16_LE,RATE=8000,CHANNELS=1,SPEED=max")
            #expect(try await tapeline.record(device).recording().conditions == conditions)
        }
    }

    @Test func `Zeros over the seam of two files are in the reports of both`() async throws {
        let tapeline = try Tapeline()
        let file = try tapeline.folder.write(Data(count: 4 * 48000), to: "silence.raw")
        let device = Tapeline.device(file, "FORMAT=S16_LE,RATE=48000,CHANNELS=2,LOOP=1")
        let running = try tapeline.start(device, ["--output", "take.wav", "--alert-after", "1"])
        #expect(try await running.process.says("no_signal since 0.0 seconds, frame 0"))
        running.process.send(SIGUSR1)
        #expect(try await running.process.says("/take-01.wav\n"))
        try await Task.sleep(for: .milliseconds(600))
        running.process.send(SIGTERM)
        let last = try await running.ended().recording()
        #expect(last.conditions == [condition("no_signal", 0, last.frames)])
        let data = try Data(contentsOf: URL(fileURLWithPath: tapeline.folder.path + "/take.wav.json"))
        let first = try #require(try Report.decoder.decode(Report.self, from: data).recording)
        #expect(first.conditions == [condition("no_signal", 0, first.frames)])
    }

    // Also where the driver reports nothing at all.
    @Test(arguments: ["UNPLUG=48000:3000", "STALL=48000:3000"])
    func `A device that gives nothing is told while it does not, and the gap is the condition`(
        _ fault: String
    ) async throws {
        let tapeline = try Tapeline()
        let device = try tapeline.device(Ramp(), frames: 8 * 48000, fault)
        let running = try tapeline.start(device, ["--duration", "6", "--alert-after", "1"])
        #expect(try await running.process.says("no_frames since 1.0 seconds, frame 48000"))
        let outcome = try await running.ended()
        let recording = try outcome.recording()
        #expect(outcome.standardError.contains("no_frames is over after "))
        #expect(recording.gaps.count == 1)
        #expect(recording.conditions == recording.gaps.map { condition("no_frames", $0.firstFrame, $0.frames) })
        #expect(recording.conditions?.first?.firstFrame == 48000)
    }

    @Test func `A device that stalls and then gives everything has missed as many frames as it was late`() async throws
    {
        let tapeline = try Tapeline()
        let device = try tapeline.device(Ramp(), frames: 8 * 48000, "STALL=48000:3000")
        let arguments = ["--duration", "6", "--alert-after", "1", "--period-size", "12000", "--buffer-size", "384000"]
        let recording = try await tapeline.record(device, arguments).recording()
        #expect(recording.gaps.isEmpty)
        let late = try #require(recording.conditions?.first)
        #expect(recording.conditions?.count == 1)
        #expect(late.condition == "no_frames")
        // Behind the last frame that was read; the device gives the rest of its period later.
        #expect(late.firstFrame > 24000 && late.firstFrame <= 48000)
        #expect(late.frames > 2 * 48000 && late.frames < 5 * 48000)
    }
}
