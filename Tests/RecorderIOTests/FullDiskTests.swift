import Capture
import Foundation
import Logging
import RecorderIO
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(10)), .enabled(if: SmallFileSystem.isAvailable, "needs the right to mount"))
struct FullDiskTests {
    // REC-1, REC-2, REC-9: a clocked device goes on, whatever the disk does; both files lie on one timeline.
    @Test func `Frames that the ring could not hold while the disk was full are counted, each one`() async throws {
        // With a quarter of an hour's room, so that the second file is not full before a busy machine gets to close it.
        let disk = try SmallFileSystem(byteCount: 64 << 20)
        let filler = try disk.fill(leaving: (2 << 20) + 80_000)
        let options = RecorderOptions(
            capture: CaptureOptions(deviceName: Microphones.fixture("ramp-s32-1ch.wav", "SPEED=real,LOOP=1")),
            filePath: "\(disk.path)/first.wav",
            recordingID: "first",
            ringSeconds: 2
        )
        let recorder = try RecorderIO(options, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        var ended: RecordingOutcome?
        for await event in recorder.fileEvents {
            guard case .ended(let pending) = event else { break }
            ended = await pending.outcome(timeLimit: .seconds(60))
            // Longer than the ring.
            try await Task.sleep(for: .seconds(3))
            try FileManager.default.removeItem(atPath: filler)
        }
        try await recorder.goOn(path: "\(disk.path)/second.wav", recordingID: "second")
        await #expect(throws: RecorderError.notRecording) {
            try await recorder.goOn(path: "\(disk.path)/third.wav", recordingID: "third")
        }
        let last = await recorder.close(timeLimit: .seconds(60))
        #expect(ended?.error?.description.contains("No space left on device") == true)
        #expect(last.error == nil)
        let first = try #require(ended?.recording)
        let second = try #require(last.recording)
        #expect(first.droppedFrameCount == 0)
        #expect(second.droppedFrameCount > 0)

        let sounds = try [first, second].map { try SoundFileReader.read($0.path) }
        #expect(sounds.map(\.frames) == [Int(first.frameCount), Int(second.frameCount)])
        // A machine that stood still for the second that the device holds would have cost frames.
        guard first.gaps.isEmpty, second.gaps.isEmpty else { return }
        let ramp = try SoundFileReader.read(BuiltProducts.fixture("ramp-s32-1ch.wav")).numbers
        var place = 0
        for (sound, recording) in zip(sounds, [first, second]) {
            place += Int(recording.droppedFrameCount)
            let isRamp = (0..<sound.frames).allSatisfy { frame in
                sound.numbers[frame] == ramp[(place + frame) % ramp.count]
            }
            #expect(isRamp)
            place += sound.frames
        }
        let seconds = Double(first.frameCount + second.droppedFrameCount) / 16000
        #expect(abs(second.startedAt - first.startedAt - seconds) < 0.005)
    }
}
