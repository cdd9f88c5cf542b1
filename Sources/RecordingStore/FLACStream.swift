internal import Audio

/// What a FLAC file says of all its blocks, in the first of its metadata (RFC 9639, STREAMINFO).
struct FLACStream {
    let format: AudioFormat
    /// Frames in each block but the last, which may be shorter.
    let blockFrameCount: Int
    let sampleBitCount: Int
    /// The 34 bytes, at `offset`.
    let bytes: [UInt8]
    /// Where the first block starts.
    let audioStart: Int64

    static let offset: Int64 = 8
    private static let byteCount = 34

    init(_ file: inout PartBytes) throws(RepairError) {
        let head = try file.bytes(at: 0, count: Int(Self.offset) + Self.byteCount)
        guard head.count == Int(Self.offset) + Self.byteCount else { throw file.noAudio }
        guard head.says("fLaC", at: 0), head[4] & 0x7F == 0, head[5...7].elementsEqual([0, 0, 34]) else {
            throw file.unreadable
        }
        bytes = Array(head[Int(Self.offset)...])
        let fields = bytes[10..<14].reduce(0) { $0 << 8 | Int($1) }
        sampleBitCount = fields >> 4 & 0x1F + 1
        blockFrameCount = Int(bytes[2]) << 8 | Int(bytes[3])
        format = AudioFormat(
            sampleFormat: sampleBitCount == 16 ? .s16 : .s24Packed,
            sampleRate: fields >> 12,
            channelCount: fields >> 9 & 7 + 1
        )
        guard [16, 24].contains(sampleBitCount), format.sampleRate > 0, blockFrameCount >= 16 else {
            throw file.unreadable
        }
        var offset = Self.offset + Int64(Self.byteCount)
        var isLast = head[4] & 0x80 != 0
        while !isLast {
            let head = try file.bytes(at: offset, count: 4)
            guard head.count == 4 else { throw file.noAudio }
            isLast = head[0] & 0x80 != 0
            offset += 4 + head[1...].reduce(0) { $0 << 8 | Int64($1) }
        }
        audioStart = offset
    }

    /// What stands in the 36 bits for the number of frames; 0 is unknown.
    private var frameCountClaim: Int64 { bytes[14..<18].reduce(Int64(bytes[13] & 0xF)) { $0 << 8 | Int64($1) } }

    /// True if the MD5 of the samples is not told.
    static func isDigestUnknown(_ bytes: [UInt8]) -> Bool { bytes[18...].allSatisfy { $0 == 0 } }

    /// The same bytes, saying how many frames there are. Sizes of blocks and the MD5 become unknown, unless the encoder came
    /// to write them at its end and nothing of its frames is missing.
    func bytes(frameCount: Int64) -> [UInt8] {
        guard frameCount != frameCountClaim else { return bytes }
        var bytes = bytes
        for index in 4..<10 { bytes[index] = 0 }
        // What does not fit is unknown.
        let told = frameCount >> 36 == 0 ? frameCount : 0
        bytes[13] = bytes[13] & 0xF0 | UInt8(told >> 32)
        for index in 0..<4 { bytes[17 - index] = UInt8(truncatingIfNeeded: told >> (8 * Int64(index))) }
        for index in 18..<Self.byteCount { bytes[index] = 0 }
        return bytes
    }
}
