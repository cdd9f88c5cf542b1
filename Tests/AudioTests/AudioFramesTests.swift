import Audio
import Testing

@Suite struct AudioFramesTests {
    private static let packed = AudioFormat(sampleFormat: .s24Packed, sampleRate: 48000, channelCount: 2)

    @Test func `Samples become little-endian bytes, interleaved as they were`() throws {
        let integers = try AudioFrames([Int16(1), -2, .max, .min], sampleRate: 16000, channelCount: 2)
        #expect(integers.bytes == [1, 0, 0xFE, 0xFF, 0xFF, 0x7F, 0, 0x80])
        #expect(integers.frameCount == 2)
        #expect(integers.format == AudioFormat(sampleFormat: .s16, sampleRate: 16000, channelCount: 2))
        #expect(integers.duration == .microseconds(125))

        let floats = try AudioFrames([Float(1), -0.5], sampleRate: 24000)
        #expect(floats.bytes == [0, 0, 0x80, 0x3F, 0, 0, 0, 0xBF])
        #expect(floats.frameCount == 2 && floats.format.sampleFormat == .float)
    }

    @Test func `No frames at all are audio too`() throws {
        #expect(try AudioFrames([Int16](), sampleRate: 8000, channelCount: 64).frameCount == 0)
        #expect(try AudioFrames([UInt8](), format: Self.packed).frameCount == 0)
    }

    @Test func `Bytes that are not whole frames are refused in a sentence that says so`() {
        let bytes = #expect(throws: AudioFramesError.self) {
            try AudioFrames([UInt8](repeating: 0, count: 7), format: Self.packed)
        }
        #expect(
            bytes?.description == "7 bytes are not whole frames of 6 bytes: keep the rest for the next call"
        )
        let samples = #expect(throws: AudioFramesError.self) {
            try AudioFrames([Float(0), 0, 0], sampleRate: 48000, channelCount: 2)
        }
        #expect(
            samples?.description == "3 samples are not whole frames of 2 samples: keep the rest for the next call"
        )
    }

    @Test(arguments: [(0, 48000), (65, 48000), (-1, 48000), (1, 0), (1, 7999), (1, 384_001), (1, -48000)])
    func `What nothing can record is refused`(channelCount: Int, sampleRate: Int) {
        let error = #expect(throws: AudioFramesError.self) {
            try AudioFrames([Int16](), sampleRate: sampleRate, channelCount: channelCount)
        }
        #expect(
            error?.description == "\(channelCount) channels at \(sampleRate) Hz cannot be recorded: "
                + "use 1 to 64 channels at 8000 to 384000 Hz"
        )
    }

    @Test func `A moment is told to the nanosecond after any number of frames`() {
        let start = HostTime(nanoseconds: 5)
        #expect(start.advanced(byFrames: 3, at: 48000).nanoseconds == 5 + 62500)
        #expect(start.advanced(byFrames: 44100 * 3600 * 24 * 365, at: 44100).nanoseconds == 5 + 31_536_000_000_000_000)
        #expect(start.advanced(byFrames: 0, at: 8000) == start)
    }
}
