import Foundation
import Glibc
import RecorderIO
import RecordingStore
import TestSupport
import Testing

/// The program itself, killed while it records (REC-8, DUR-2).
@Suite(.timeLimit(.minutes(10))) struct KilledRecordingTests {
    /// Starts a recording, kills it when its file has so many bytes, and repairs what it left.
    private func kill(
        _ container: Container,
        of device: String,
        at byteCount: Int,
        in folder: TemporaryFolder
    ) async throws -> (path: String, file: RepairedFile) {
        try await kill(container, of: device, in: folder) { part in
            var status = stat()
            return unsafe stat(part, &status) == 0 && status.st_size >= byteCount
        }
    }

    /// The same, when `isTime` says so of its file.
    private func kill(
        _ container: Container,
        of device: String,
        in folder: TemporaryFolder,
        when isTime: (String) throws -> Bool
    ) async throws -> (path: String, file: RepairedFile) {
        let path = "\(folder.path)/\(container.rawValue)"
        let process = try ChildProcess(
            BuiltProducts.tapeline,
            [
                "record", "--device", device, "--container", container.rawValue, "--output", path,
                "--state", "\(folder.path)/state",
            ],
            environment: [
                "ALSA_CONFIG_PATH": BuiltProducts.alsaConfiguration,
                "FIXTURE_MICROPHONE": BuiltProducts.fixtureMicrophone,
            ]
        )
        while process.isRunning, try !isTime(path + ".part") { try await Task.sleep(for: .milliseconds(5)) }
        #expect(throws: RepairError.file(.inUse(path: path + ".part"))) {
            try RecordingRepair.repair(partAt: path + ".part", container: container)
        }
        process.send(SIGKILL)
        #expect(try await process.ended().signal == SIGKILL)
        let file = try RecordingRepair.repair(partAt: path + ".part", container: container)
        #expect(try RecordingRepair.repair(partAt: path + ".part", container: container).frameCount == file.frameCount)
        #expect(file.frameCount > 0)
        #expect(!FileManager.default.fileExists(atPath: path))
        return (path + ".part", file)
    }

    // REC-8: at the first sync and a while later.
    @Test(arguments: [Container.wav, .rf64, .w64, .flac], [10_000, 500_000])
    func `Every frame of a killed lossless recording is the device's`(
        container: Container,
        byteCount: Int
    ) async throws {
        let folder = try TemporaryFolder()
        let ramp = Ramp("S24_3LE", channels: 2, rate: 48000)
        let samples = try folder.write(ramp.bytes(frames: ramp.cycle), to: "ramp.raw")
        let device = "fixture:FILE=\(samples),FORMAT=\(ramp.format),RATE=48000,CHANNELS=2,LOOP=1"
        // A ramp makes small blocks.
        let threshold = container == .flac ? byteCount / 100 : byteCount
        let (path, file) = try await kill(container, of: device, at: threshold, in: folder)
        let sound =
            container == .flac
            ? try await Decoder.flac(path, hasDigest: false)
            : try await Decoder.read(path, as: container.rawValue)
        #expect(sound.frames == Int(file.frameCount))
        // Where the machine stood still for longer than the device's buffer, there is silence.
        let runs = ramp.runs(in: sound)
        #expect(runs.first?.content == .ramp(offset: 0))
        #expect(runs.allSatisfy { $0.content == .ramp(offset: 0) || $0.content == .silence })
    }

    // REC-8: quiet sound, of which seconds would fit into a page, and then nothing more, so that what the device has
    // given is known.
    @Test(arguments: [Container.oggVorbis, .oggOpus], [0, 8])
    func `Of what the device gave, a killed Ogg recording lacks no more than 200 ms`(
        container: Container,
        loudness: Int
    ) async throws {
        let folder = try TemporaryFolder()
        var random = Random(seed: 2)
        let given = 100_000
        let deadline = ContinuousClock.now + .seconds(60)
        let samples = (0..<given).flatMap { _ -> [UInt8] in [UInt8(random.below(loudness + 1)), 0] }
        let fixture = try folder.write(Data(samples), to: "quiet.raw")
        let (path, file) = try await kill(
            container,
            of: "fixture:FILE=\(fixture),FORMAT=S16_LE,RATE=48000,CHANNELS=1,LOOP=1,STALL=\(given):600000",
            in: folder
        ) { part in
            // It comes with one of the next syncs; where it never does, the checks below say so.
            guard ContinuousClock.now < deadline else { return true }
            guard FileManager.default.fileExists(atPath: part) else { return false }
            let copy = try folder.write(try Data(contentsOf: URL(filePath: part)), to: "copy")
            do throws(RepairError) {
                return try RecordingRepair.repair(partAt: copy, container: container).frameCount >= given - 9600
            } catch {
                return false
            }
        }
        #expect(file.frameCount >= given - 9600)
        #expect(try await Decoder.read(path, as: container.rawValue).frames == Int(file.frameCount))
    }

    // REC-8: at the first page of sound and a while later.
    @Test(arguments: [Container.oggVorbis, .oggOpus], [6000, 40_000])
    func `What a killed Ogg recording holds is at its place and sounds the same`(
        container: Container,
        byteCount: Int
    ) async throws {
        let folder = try TemporaryFolder()
        let fixture = BuiltProducts.fixture("speech-48k-stereo.wav")
        let (path, file) = try await kill(container, of: "fixture:FILE=\(fixture),LOOP=1", at: byteCount, in: folder)
        let original = try SoundFileReader.read(fixture)
        let sound = try await Decoder.read(path, as: container.rawValue)
        #expect(sound.frames == Int(file.frameCount))
        for channel in 0..<2 {
            // The speech begins anew after 8 s.
            let before = original.channel(channel)
            let after = Array(sound.channel(channel).prefix(before.count))
            let heard = Array(before.prefix(after.count))
            #expect(Likeness.lag(of: after, to: heard, reach: 1000) == 0)
            let ratio = Likeness.signalToNoise(heard, after)
            #expect(ratio > 13, "\(ratio) dB")
        }
    }
}
