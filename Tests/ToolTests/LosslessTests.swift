import Foundation
import TestSupport
import Testing

/// What the device gives is what the file holds (CAP-2).
@Suite(.timeLimit(.minutes(10))) struct LosslessTests {
    static let containers = ["wav", "rf64", "w64", "flac"]

    struct Case: CustomTestStringConvertible {
        var ramp: Ramp
        var container: String
        var testDescription: String { "\(ramp) as \(container)" }
    }

    static let matrix: [Case] = containers.flatMap { container in
        Ramp.formats.filter { container != "flac" || !["S32_LE", "FLOAT_LE"].contains($0) }.flatMap { format in
            [1, 2, 8].map { Case(ramp: Ramp(format, channels: $0, rate: 16000), container: container) }
        }
    }

    /// Records the whole of a ramp, and checks every sample of the file.
    private func check(_ ramp: Ramp, _ container: String, frames: Int = 5003) async throws {
        let tapeline = try Tapeline()
        let device = try tapeline.device(ramp, frames: frames, "SPEED=max")
        let outcome = try await tapeline.record(device, ["--container", container])
        let recording = try outcome.recording()
        #expect(recording.container == container)
        #expect(recording.sampleFormat == ramp.format)
        #expect(recording.sampleRateHz == ramp.rate)
        #expect(recording.channels == ramp.channels)
        #expect(recording.frames == frames)
        #expect(recording.gaps.isEmpty)
        let sound = try await recording.sound()
        #expect(sound.rate == ramp.rate)
        #expect(sound.channels == ramp.channels)
        #expect(sound.isFloat == (ramp.format == "FLOAT_LE"))
        #expect(sound.bits == (ramp.format == "S16_LE" ? 16 : ramp.format.hasPrefix("S24") ? 24 : 32))
        // S24_LE is stored packed.
        let stored = ramp.format == "S24_LE" ? Ramp("S24_3LE", channels: ramp.channels) : ramp
        // As a whole: a failure should not print it.
        let isEqual = sound.bytes == stored.bytes(frames: frames)
        #expect(isEqual, "other samples than the device's")
    }

    // CAP-1, CAP-2
    @Test(arguments: matrix) func `Every sample of a lossless file is the device's`(_ testCase: Case) async throws {
        try await check(testCase.ramp, testCase.container)
    }

    // CAP-1
    @Test(arguments: containers.dropLast()) func `64 channels are recorded frame for frame`(
        _ container: String
    ) async throws {
        try await check(Ramp("S32_LE", channels: 64, rate: 16000), container, frames: 1001)
    }

    // CAP-1
    @Test(arguments: [8000, 11025, 22050, 44100, 48000, 96000, 192_000, 384_000])
    func `Every rate from 8 to 384 kHz is recorded as it is`(_ rate: Int) async throws {
        try await check(Ramp("S16_LE", channels: 2, rate: rate), rate == 96000 ? "flac" : "wav")
    }

    // CAP-2, RING-1: many times round the ring, and many buffers of the device's.
    @Test(arguments: ["wav", "flac"]) func `A long recording from a device as fast as it is read is whole`(
        _ container: String
    ) async throws {
        let tapeline = try Tapeline()
        let ramp = Ramp("S24_3LE", channels: 1, rate: 8000)
        let device = try tapeline.device(ramp, frames: ramp.cycle, "SPEED=max", "LOOP=1")
        let seconds = 200
        let outcome = try await tapeline.record(device, ["--container", container, "--duration", "\(seconds)"])
        let recording = try outcome.recording()
        #expect(recording.frames == seconds * ramp.rate)
        #expect(recording.gaps.isEmpty)
        let sound = try await recording.sound()
        #expect(ramp.runs(in: sound) == [Run(0, seconds * ramp.rate, .ramp(offset: 0))])
    }

    // CAP-2, RING-2: short reads and a ring far smaller than what the device could give at once.
    @Test func `Short reads of a device lose nothing`() async throws {
        let tapeline = try Tapeline()
        let ramp = Ramp("S32_LE", channels: 2, rate: 48000)
        let device = try tapeline.device(ramp, frames: 100_003, "SPEED=max", "SHORT=37")
        let recording = try await tapeline.record(device).recording()
        let runs = ramp.runs(in: try await recording.sound())
        #expect(runs == [Run(0, 100_003, .ramp(offset: 0))])
    }

    // The ramp that these tests make is the one of the checked-in fixtures.
    @Test(arguments: ["S16_LE", "S24_3LE", "S32_LE", "FLOAT_LE"], [1, 2, 8])
    func `A ramp made here is the fixture's`(_ format: String, _ channels: Int) throws {
        let name = format.split(separator: "_")[0].lowercased()
        let fixture = try SoundFileReader.read(BuiltProducts.fixture("ramp-\(name)-\(channels)ch.wav"))
        let ramp = Ramp(format, channels: channels, rate: 16000)
        let isEqual = fixture.bytes == ramp.bytes(frames: fixture.frames)
        #expect(isEqual)
        #expect(ramp.runs(in: fixture) == [Run(0, 4000, .ramp(offset: 0))])
    }

    struct Refusal: CustomTestStringConvertible {
        var ramp: Ramp
        var container: String
        var sentence: String
        var testDescription: String { "\(ramp) as \(container)" }
    }

    // CAP-1, CLI-3
    @Test(arguments: [
        Refusal(
            ramp: Ramp("S16_LE", channels: 64),
            container: "ogg-opus",
            sentence: "ogg-opus cannot hold 64 channels (at most 8): use --container wav, rf64 or w64"
        ),
        Refusal(
            ramp: Ramp("S16_LE", channels: 9),
            container: "flac",
            sentence: "flac cannot hold 9 channels (at most 8): use --container wav, rf64 or w64"
        ),
        Refusal(
            ramp: Ramp("S32_LE"),
            container: "flac",
            sentence: "flac cannot hold S32_LE without loss: use --format S24_LE, or --container wav, rf64 or w64"
        ),
        Refusal(
            ramp: Ramp("FLOAT_LE"),
            container: "flac",
            sentence: "flac cannot hold FLOAT_LE without loss: use --format S24_LE, or --container wav, rf64 or w64"
        ),
        Refusal(
            ramp: Ramp("S16_LE", rate: 44100),
            container: "ogg-opus",
            sentence: "ogg-opus cannot hold 44100 Hz (only 8000, 12000, 16000, 24000 and 48000): "
                + "use --rate 48000, or --container ogg-vorbis or flac"
        ),
        Refusal(
            ramp: Ramp("S16_LE", rate: 384_000),
            container: "ogg-vorbis",
            sentence: "ogg-vorbis cannot hold 384000 Hz (at most 192000): use --container wav, rf64 or w64, or flac"
        ),
    ])
    func `What a container cannot hold is refused with one that can`(_ refusal: Refusal) async throws {
        let tapeline = try Tapeline()
        let device = try tapeline.device(refusal.ramp, frames: 100, "SPEED=max")
        let outcome = try await tapeline.record(device, ["--container", refusal.container])
        #expect(outcome.exitCode == 64)
        #expect(outcome.sentences == ["tapeline: " + refusal.sentence])
        #expect(outcome.standardOutput.isEmpty)
        #expect(!tapeline.folder.contents.contains { $0.contains("recording.") })
    }
}
