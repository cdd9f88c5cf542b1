import Foundation
import TestSupport
import Testing

/// Ogg loses detail, never time: what comes out is what went in, at its place.
@Suite(.timeLimit(.minutes(10))) struct OggTests {
    struct Case: CustomTestStringConvertible {
        var fixture: String
        var container: String
        /// Decibels of signal over all that differs from it: 3 dB below what was measured.
        var ratio: Double
        /// Frames by which the sound may be shifted.
        var lag = 0
        var testDescription: String { "\(fixture) as \(container)" }
    }

    // REC-2: neither codec leaves a delay, and the last frame is the last frame.
    @Test(arguments: [
        Case(fixture: "speech-48k-stereo", container: "ogg-vorbis", ratio: 17),
        Case(fixture: "speech-16k-mono", container: "ogg-vorbis", ratio: 19),
        Case(fixture: "tone-44k-stereo", container: "ogg-vorbis", ratio: 34),
        Case(fixture: "tone-96k-stereo", container: "ogg-vorbis", ratio: 34),
        Case(fixture: "tone-192k-mono", container: "ogg-vorbis", ratio: 34),
        Case(fixture: "speech-48k-stereo", container: "ogg-opus", ratio: 15.5),
        // Opus runs at 48 kHz inside; the decoder's way back to 16 kHz costs up to a frame.
        Case(fixture: "speech-16k-mono", container: "ogg-opus", ratio: 8, lag: 1),
    ]) func `Ogg is aligned to the sample and keeps the sound`(_ testCase: Case) async throws {
        let tapeline = try Tapeline()
        let fixture = BuiltProducts.fixture(testCase.fixture + ".wav")
        let device = Tapeline.device(fixture, "SPEED=max")
        let recording = try await tapeline.record(device, ["--container", testCase.container]).recording()
        let original = try SoundFileReader.read(fixture)
        let decoded = try await recording.sound()
        #expect(recording.frames == original.frames)
        #expect(decoded.frames == original.frames)
        #expect(decoded.channels == original.channels)
        #expect(decoded.rate == original.rate)
        for channel in 0..<original.channels {
            let before = original.channel(channel)
            let after = decoded.channel(channel)
            // A tone of 1 kHz is like itself after every period.
            let reach = testCase.fixture.hasPrefix("tone") ? original.rate / 2000 - 1 : 1000
            let lag = Likeness.lag(of: after, to: before, reach: reach)
            #expect(abs(lag) <= testCase.lag)
            let ratio = Likeness.signalToNoise(before, after)
            #expect(ratio >= testCase.ratio, "\(ratio) dB")
        }
    }

    // CAP-1: Vorbis takes many channels.
    @Test(arguments: ["ogg-vorbis", "ogg-opus"]) func `Eight channels of Ogg are eight channels`(
        _ container: String
    ) async throws {
        let tapeline = try Tapeline()
        let device = try tapeline.device(Ramp("S16_LE", channels: 8, rate: 48000), frames: 48001, "SPEED=max")
        let recording = try await tapeline.record(device, ["--container", container]).recording()
        let decoded = try await recording.sound()
        #expect(decoded.channels == 8)
        #expect(decoded.frames == 48001)
    }
}
