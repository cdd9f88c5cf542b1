import Audio
import Capture
import Foundation
import Logging
import RecorderIO
import TestSupport
import Testing

/// Through the real libraries, from a device that gives its frames as fast as they are read.
@Suite struct RecorderIOTests {
    private func options(
        _ workspace: Workspace,
        _ device: String,
        container: Container = .wav,
        seconds: Double? = nil,
        ringSeconds: Double = 10
    ) -> RecorderOptions {
        RecorderOptions(
            capture: CaptureOptions(deviceName: device),
            container: container,
            filePath: "\(workspace.path)/take",
            recordingID: "r",
            durationSeconds: seconds,
            ringSeconds: ringSeconds
        )
    }

    private func recorder(_ options: RecorderOptions) throws -> RecorderIO {
        try RecorderIO(options, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    }

    private func fixture(_ name: String) throws -> SoundBytes {
        let package = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("../..")
        return try SoundBytes([UInt8](try Data(contentsOf: package.appendingPathComponent("Fixtures/\(name)"))))
    }

    // CAP-2, REC-2, REC-7
    @Test(arguments: ["s16", "s24", "s32", "float"], [1, 2, 8])
    func `A recording holds the device's frames, all of them, and nothing else`(format: String, count: Int) async throws
    {
        for container in [Container.wav, .rf64, .w64] {
            let workspace = try Workspace()
            let name = "ramp-\(format)-\(count)ch.wav"
            let recorder = try recorder(options(workspace, Microphones.fixture(name), container: container))
            let outcome = try #require(await recorder.outcome())
            #expect(outcome.error == nil)
            let recording = try #require(outcome.recording)
            #expect(recording.frameCount == 4000)
            #expect(recording.duration == .milliseconds(250))
            #expect(recording.gaps == [])
            #expect(recording.droppedFrameCount == 0)
            #expect(recording.measuredRate == nil)
            #expect(workspace.names == ["take"])
            let bytes = try workspace.bytes("take")
            #expect(recording.byteCount == Int64(bytes.count))
            #expect(recording.sha256 == (try SHA256.ofFile(atPath: recording.path).hex))
            #expect(isSame(try SoundBytes(bytes).data, try fixture(name).data))
        }
    }

    // REC-6: exactly so many frames, also where the device's buffer holds more at once.
    @Test(arguments: [0.0001, 0.1, 0.5, 3.00005, 6])
    func `A length that was asked for is exact`(seconds: Double) async throws {
        let workspace = try Workspace()
        let device = Microphones.fixture("speech-48k-stereo.wav")
        let recorder = try recorder(options(workspace, device, seconds: seconds))
        let recording = try #require(await recorder.outcome()?.recording)
        #expect(recording.frameCount == Int64((seconds * 48000).rounded()))
        let data = try SoundBytes(try workspace.bytes("take")).data
        #expect(isSame(data, try fixture("speech-48k-stereo.wav").data.prefix(data.count)))
        #expect(data.count == Int(recording.frameCount) * 4)
    }

    // REC-5
    @Test func `Closing is idempotent, also from many tasks at once`() async throws {
        let workspace = try Workspace()
        let device = Microphones.fixture("speech-48k-stereo.wav", "SPEED=real,LOOP=1")
        let recorder = try recorder(options(workspace, device))
        let recordings = await withTaskGroup { group in
            for _ in 0..<50 { group.addTask { await recorder.close(timeLimit: .seconds(600)).recording } }
            var recordings: [FinishedRecording?] = []
            for await recording in group { recordings.append(recording) }
            return recordings
        }
        #expect(Set(recordings).count == 1)
        #expect(recordings[0] != nil)
        #expect(await recorder.close(timeLimit: .seconds(600)).recording == recordings[0])
        #expect(await recorder.outcome()?.recording == recordings[0])
        #expect(workspace.names == ["take"])
    }

    // REC-5: what was captured before the call is in the file.
    @Test func `Closing keeps all that was captured before`() async throws {
        let workspace = try Workspace()
        let device = Microphones.fixture("ramp-s16-1ch.wav", "SPEED=real,LOOP=1")
        let start = HostTime.now()
        let recorder = try recorder(options(workspace, device))
        let opened = HostTime.now()
        while HostTime.now().seconds(since: opened) < 0.1 { await Task.yield() }
        let stop = HostTime.now()
        let recording = try #require(await recorder.close(timeLimit: .seconds(600)).recording)
        let end = HostTime.now()
        #expect(Double(recording.frameCount) >= (stop.seconds(since: opened)) * 16000 - 2)
        #expect(Double(recording.frameCount) <= (end.seconds(since: start)) * 16000 + 2)
        let data = try SoundBytes(try workspace.bytes("take")).data
        let isRamp = (0..<data.count / 2).allSatisfy { frame in
            Int(data[data.startIndex + 2 * frame]) | Int(data[data.startIndex + 2 * frame + 1]) << 8 == frame % 4000
        }
        // A machine that stood still for the second that the device holds would have cost frames.
        #expect(isRamp || !recording.gaps.isEmpty)
    }

    // RING-2: a device without a clock just waits while the ring is full.
    @Test func `A ring far smaller than the recording loses nothing of a device that can wait`() async throws {
        let workspace = try Workspace()
        let device = Microphones.fixture("speech-48k-stereo.wav", "SPEED=max,MAXBUFFER=1024")
        let recorder = try recorder(options(workspace, device, container: .flac, ringSeconds: 0.05))
        let recording = try #require(await recorder.outcome()?.recording)
        #expect(recording.gaps == [])
        let decoded = try Workspace.output(
            of: "flac",
            "--decode",
            "--stdout",
            "--silent",
            "--force-raw-format",
            "--endian=little",
            "--sign=signed",
            recording.path
        )
        #expect(isSame(decoded, try fixture("speech-48k-stereo.wav").data))
    }

    // SES-3
    @Test func `A start that fails leaves no file`() async throws {
        let workspace = try Workspace()
        let flac = Microphones.fixture("ramp-s32-2ch.wav")
        #expect(throws: RecorderError.self) { try recorder(options(workspace, flac, container: .flac)) }
        #expect(throws: RecorderError.self) { try recorder(options(workspace, "hw:77,0")) }
        let busy = Microphones.fixture("ramp-s16-1ch.wav", "BUSY=1")
        #expect(throws: RecorderError.capture(.busy(name: busy))) { try recorder(options(workspace, busy)) }
        #expect(workspace.names == [])
        try workspace.write("mine", "take")
        let device = Microphones.fixture("ramp-s16-1ch.wav")
        #expect(throws: RecorderError.exists(path: "\(workspace.path)/take")) {
            try recorder(options(workspace, device))
        }
        #expect(workspace.names == ["take"])
    }

    // SES-3: the folders of a start that fails for its device are not made.
    @Test func `A device that fails leaves no folder`() async throws {
        let workspace = try Workspace()
        var options = options(workspace, "hw:77,0")
        options.filePath = "\(workspace.path)/a/b/take"
        #expect(throws: RecorderError.self) { try recorder(options) }
        #expect(workspace.names == [])
    }
}
