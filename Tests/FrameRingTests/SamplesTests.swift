import Audio
import FrameRing
import Testing

@Suite struct SamplesTests {
    @Test(arguments: SampleFormat.allCases)
    func `Silence, and nothing at all, have a peak of 0`(format: SampleFormat) {
        #expect(peak([UInt8](repeating: 0, count: 24 * format.byteCount), format) == 0)
        #expect(peak([], format) == 0)
    }

    @Test func `The largest negative sample is exactly full scale in each integer format`() {
        #expect(peak([0x00, 0x80], .s16) == 1)
        #expect(peak([0x00, 0x00, 0x80], .s24Packed) == 1)
        #expect(peak([0x00, 0x00, 0x80, 0xFF], .s24) == 1)
        #expect(peak([0x00, 0x00, 0x00, 0x80], .s32) == 1)
    }

    @Test func `The largest positive sample is one step below full scale`() {
        #expect(peak([0xFF, 0x7F], .s16) == Float(32767) / 32768)
        #expect(peak([0xFF, 0xFF, 0x7F], .s24Packed) == Float(8_388_607) / 8_388_608)
        #expect(peak([0xFF, 0xFF, 0x7F, 0x00], .s24) == Float(8_388_607) / 8_388_608)
        // Float has 24 bits, so that one step of 32 is not to be seen.
        #expect(peak([0xFF, 0xFF, 0xFF, 0x7F], .s32) == 1)
    }

    @Test func `The high byte of a 24-bit sample in a word means nothing`() {
        #expect(peak([0x00, 0x00, 0x40, 0xAA], .s24) == 0.5)
        #expect(peak([0x00, 0x00, 0x40, 0x00], .s24) == 0.5)
        #expect(peak([0x00, 0x00, 0xC0, 0x00], .s24) == 0.5)
    }

    @Test func `The larger of both signs counts, wherever it stands`() {
        #expect(peak([0x00, 0x10, 0x00, 0xC0, 0x00, 0x20], .s16) == 0.5)
        #expect(peak([0x00, 0x00, 0x10, 0x00, 0x00, 0xC0, 0x00, 0x00, 0x20], .s24Packed) == 0.5)
        #expect(floatPeak([0.25, -1.5, 0.75]) == 1.5)
        #expect(floatPeak([-0.0, 1e-30]) == 1e-30)
    }

    // CAP-2
    @Test func `Packed 24-bit samples widen to the upper three bytes of words`() {
        let packed: [UInt8] = [0x01, 0x02, 0x03, 0xFF, 0xFE, 0x80, 0x00, 0x00, 0x80]
        #expect(widened(packed, .s24Packed) == [0, 0x01, 0x02, 0x03, 0, 0xFF, 0xFE, 0x80, 0, 0x00, 0x00, 0x80])
    }

    // CAP-2
    @Test func `24-bit samples in words widen without their high byte`() {
        #expect(widened([0x01, 0x02, 0x03, 0xAA, 0xFF, 0xFE, 0x80, 0x55], .s24) == [0, 1, 2, 3, 0, 0xFF, 0xFE, 0x80])
    }

    @Test func `One channel comes out as floats, 1.0 being the largest positive integer`() {
        #expect(floats([1, 0, 0xFF, 0x7F, 2, 0, 0x01, 0x80], .s16, channel: 1) == [1, -1])
        #expect(floats([0, 0, 0x40, 9, 9, 9, 0, 0, 0x80, 9, 9, 9], .s24Packed, channel: 0) == [0.5, -1])
        #expect(floats([0, 0, 0x40, 0xAA, 9, 9, 9, 9], .s24, channel: 0) == [0.5])
        #expect(floats([9, 9, 9, 9, 0, 0, 0, 0xC0], .s32, channel: 1) == [-0.5])
        #expect(floats([9, 9, 9, 9, 0, 0, 0xA0, 0x3F], .float, channel: 1) == [1.25])
    }

    private func floats(_ bytes: [UInt8], _ format: SampleFormat, channel: Int) -> [Float] {
        var floats = [Float](repeating: .nan, count: bytes.count / 2 / format.byteCount)
        var span = floats.mutableSpan
        Samples.copy(unsafe bytes.span.bytes, format, channel: channel, of: 2, to: &span)
        return floats
    }

    // CAP-2
    @Test func `Packing 24-bit samples drops the high byte and nothing else`() {
        let words: [UInt8] = [0x01, 0x02, 0x03, 0xAA, 0xFF, 0xFE, 0x80, 0x55, 0x00, 0x00, 0x80, 0xFF]
        var buffer = ByteBuffer(byteCount: 16)
        let count = buffer.withMutableBytes { unsafe Samples.pack24(words.span.bytes, into: &$0) }
        #expect(count == 9)
        #expect(bytes(buffer, 9) == [0x01, 0x02, 0x03, 0xFF, 0xFE, 0x80, 0x00, 0x00, 0x80])
        // What lies behind stays as it was.
        #expect(bytes(buffer, 16).suffix(7) == [0, 0, 0, 0, 0, 0, 0])
    }

    @Test func `All 65536 values of the high byte and the sign survive packing and widening`() {
        var words: [UInt8] = []
        for value in 0..<65536 {
            words += [UInt8(value & 0xFF), 0x5A, UInt8(value >> 8), 0]
        }
        var packed = ByteBuffer(byteCount: 3 * 65536)
        let packedByteCount = packed.withMutableBytes { unsafe Samples.pack24(words.span.bytes, into: &$0) }
        #expect(packedByteCount == 3 * 65536)
        let isSame = widened(bytes(packed, packedByteCount), .s24Packed) == widened(words, .s24)
        #expect(isSame)
    }

    private func peak(_ bytes: [UInt8], _ format: SampleFormat) -> Float {
        unsafe Samples.peak(of: bytes.span.bytes, format)
    }

    private func floatPeak(_ samples: [Float]) -> Float {
        unsafe Samples.peak(of: samples.span.bytes, .float)
    }

    private func widened(_ bytes: [UInt8], _ format: SampleFormat) -> [UInt8] {
        let sampleCount = bytes.count / format.byteCount
        var buffer = ByteBuffer(byteCount: 4 * sampleCount)
        let count = buffer.withMutableBytes { unsafe Samples.widen24(bytes.span.bytes, format, into: &$0) }
        #expect(count == 4 * sampleCount)
        return self.bytes(buffer, count)
    }

    private func bytes(_ buffer: borrowing ByteBuffer, _ count: Int) -> [UInt8] {
        buffer.withBytes(count) { span in
            (0..<span.byteCount).map { unsafe span.unsafeLoad(fromByteOffset: $0, as: UInt8.self) }
        }
    }
}
