import Audio
import Foundation
import TestSupport
import Testing

@testable import RecorderIO

/// A recording that the recorder wrote, as a dying process leaves it and as it is when finished.
struct Take: Sendable, CustomTestStringConvertible {
    let container: Container
    let ramp: Ramp
    /// Frames that were written.
    let frameCount: Int
    /// The samples as a lossless file keeps them: S24_LE without its high bytes.
    let stored: [UInt8]
    /// The `.part` file before the first sync: some of the frames wait in memory, if they are few all of them.
    let unsynced: [UInt8]
    /// The `.part` file right after a sync.
    let unfinished: [UInt8]
    /// The file after finalizing.
    let finished: [UInt8]

    var testDescription: String { "\(container.rawValue), \(ramp)" }
    var format: AudioFormat { Self.format(ramp) }

    private static func format(_ ramp: Ramp) -> AudioFormat {
        AudioFormat(
            sampleFormat: SampleFormat(rawValue: ramp.format) ?? .s16,
            sampleRate: ramp.rate,
            channelCount: ramp.channels
        )
    }

    /// Records the ramp, or, where a codec makes too little of that, other sound.
    init(_ container: Container, _ ramp: Ramp, frameCount: Int) throws {
        let folder = try TemporaryFolder()
        let path = "\(folder.path)/a"
        let format = Self.format(ramp)
        var file = try EncodedFile(path: path, replacing: false, container: container, format: format)
        let samples = try Self.samples(container, ramp, frameCount: frameCount)
        try file.write(unsafe samples.span.bytes)
        unsynced = try Self.bytes(path + ".part")
        try file.sync()
        unfinished = try Self.bytes(path + ".part")
        let end = try file.finalize()
        guard end.failure == nil, end.frameCount == frameCount else { throw InvalidTake() }
        finished = try Self.bytes(path)
        let isStored = format.sampleFormat != .s24
        stored = isStored ? samples : samples.indices.filter { $0 % 4 != 3 }.map { samples[$0] }
        self.container = container
        self.ramp = ramp
        self.frameCount = frameCount
    }

    struct InvalidTake: Error {}

    private static func samples(_ container: Container, _ ramp: Ramp, frameCount: Int) throws -> [UInt8] {
        let isOgg = [.oggVorbis, .oggOpus].contains(container)
        guard isOgg || container == .flac && ramp.channels <= 2 else { return [UInt8](ramp.bytes(frames: frameCount)) }
        if isOgg || ramp.channels == 2 {
            let speech = ramp.channels == 2 ? "speech-48k-stereo.wav" : "speech-16k-mono.wav"
            let sound = try SoundFileReader.read(BuiltProducts.fixture(speech))
            return Array(sound.bytes.prefix(frameCount * format(ramp).bytesPerFrame))
        }
        // A block of FLAC for each way of coding one: silence, noise, a constant, few values with low bits of zero.
        var random = Random(seed: 7)
        let width = format(ramp).bytesPerFrame
        return (0..<frameCount).flatMap { frame -> [UInt8] in
            let noise = random.next()
            let value: UInt64 = [0, noise, 5, noise & 3 << 12, noise & 0xFF][frame / 4096 % 5]
            return (0..<width).map { UInt8(truncatingIfNeeded: value >> UInt64(8 * $0)) }
        }
    }

    private static func bytes(_ path: String) throws -> [UInt8] {
        [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
    }

    /// Short ones of each container, in the forms that differ in their headers.
    static let all: [Take] = {
        let forms: [(Container, String, Int)] = [
            (.wav, "S16_LE", 2), (.wav, "S24_3LE", 1), (.wav, "FLOAT_LE", 8),
            (.rf64, "S16_LE", 2), (.rf64, "S24_LE", 1), (.rf64, "FLOAT_LE", 2), (.rf64, "S32_LE", 64),
            (.w64, "S16_LE", 1), (.w64, "S24_3LE", 1), (.w64, "FLOAT_LE", 2),
            (.flac, "S16_LE", 2), (.flac, "S24_3LE", 1), (.flac, "S24_LE", 8),
            (.oggVorbis, "S16_LE", 2), (.oggOpus, "S16_LE", 2), (.oggOpus, "S16_LE", 1),
        ]
        return forms.compactMap { container, format, channelCount in
            let isPCM = [.wav, .rf64, .w64].contains(container)
            let isOpusMono = container == .oggOpus && channelCount == 1
            let ramp = Ramp(format, channels: channelCount, rate: isOpusMono ? 16000 : 48000)
            let frameCount = isPCM ? 1001 : channelCount == 2 ? 72001 : 24001
            return try? Take(container, ramp, frameCount: frameCount)
        }
    }()

    static func take(_ container: Container) throws -> Take {
        guard let take = all.first(where: { $0.container == container }) else { throw InvalidTake() }
        return take
    }
}
