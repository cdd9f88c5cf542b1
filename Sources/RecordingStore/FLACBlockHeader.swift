internal import Audio

/// The head of a block in a FLAC file (RFC 9639, 9.1).
struct FLACBlockHeader {
    let byteCount: Int
    /// Its place on the timeline.
    let frames: Range<Int64>
    /// Bits of a sample in each channel: a difference of two channels has one more.
    let sampleBitCounts: [Int]

    /// Nil where there is none, or one of another stream.
    init?(at offset: Int64, in file: inout PartBytes, _ stream: FLACStream) throws(RepairError) {
        self.init(try file.bytes(at: offset, count: 16), stream)
    }

    private init?(_ bytes: [UInt8], _ stream: FLACStream) {
        guard bytes.count >= 6, bytes[0] == 0xFF, bytes[1] & 0xFE == 0xF8, bytes[3] & 1 == 0 else { return nil }
        let sizeCode = bytes[2] >> 4
        let rateCode = bytes[2] & 0xF
        let layout = bytes[3] >> 4
        let bitCode = bytes[3] >> 1 & 7
        let channelCount = layout < 8 ? Int(layout) + 1 : 2
        guard layout <= 10, channelCount == stream.format.channelCount, sizeCode != 0, rateCode != 15,
            bitCode == 0 || [4: 16, 6: 24][bitCode] == stream.sampleBitCount
        else { return nil }

        // The number, as UTF-8 would have it, in up to 7 bytes.
        let leading = (~bytes[4]).leadingZeroBitCount
        guard leading != 1, leading <= 7 else { return nil }
        var number = Int64(leading == 0 ? bytes[4] : bytes[4] & (0x7F >> UInt8(leading)))
        var place = 5
        for _ in 1..<max(leading, 1) {
            guard place < bytes.count, bytes[place] & 0xC0 == 0x80 else { return nil }
            number = number << 6 | Int64(bytes[place] & 0x3F)
            place += 1
        }

        let sizeByteCount = sizeCode == 6 ? 1 : sizeCode == 7 ? 2 : 0
        let rateByteCount = rateCode == 12 ? 1 : rateCode >= 13 ? 2 : 0
        byteCount = place + sizeByteCount + rateByteCount + 1
        guard byteCount <= bytes.count, Checksum.flacHeader(bytes[..<byteCount]) == 0 else { return nil }
        let frameCount: Int =
            switch sizeCode {
            case 1: 192
            case 2...5: 144 << Int(sizeCode)
            case 6: Int(bytes[place]) + 1
            case 7: Int(bytes[place]) << 8 | Int(bytes[place + 1]) + 1
            default: 1 << Int(sizeCode)
            }
        guard frameCount <= stream.blockFrameCount else { return nil }
        // Blocks of one size are counted, others say their first frame.
        let first = bytes[1] & 1 == 0 ? number * Int64(stream.blockFrameCount) : number
        frames = first..<first + Int64(frameCount)
        let bitCount = stream.sampleBitCount
        sampleBitCounts =
            switch layout {
            case 8, 10: [bitCount, bitCount + 1]
            case 9: [bitCount + 1, bitCount]
            default: Array(repeating: bitCount, count: channelCount)
            }
    }
}
