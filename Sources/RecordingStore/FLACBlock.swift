internal import Audio

/// One block of a FLAC file: what RFC 9639 calls a frame, which here is a sample per channel.
enum FLACBlock {
    /// Where the block at `start` ends; nil if it is not whole, by the checksum over all of it.
    ///
    /// Its length is written nowhere. It ends where the next block begins; the last one, or one before damage, where its
    /// coded samples do.
    static func end(
        of header: FLACBlockHeader,
        at start: Int64,
        in file: inout PartBytes,
        _ stream: FLACStream
    ) throws(RepairError) -> Int64? {
        // No encoder makes a block larger than its samples.
        let sampleByteCount = (header.frames.count * (stream.sampleBitCount + 1) + 7) / 8 + 8
        let limit = min(start + Int64(32 + stream.format.channelCount * sampleByteCount), file.byteCount)
        var sum: UInt16 = 0
        var offset = start
        while offset < limit, let byte = try file.byte(at: offset) {
            if sum == 0, byte == 0xFF, offset > start,
                let next = try FLACBlockHeader(at: offset, in: &file, stream),
                next.frames.lowerBound == header.frames.upperBound
            {
                return offset
            }
            Checksum.addFLACBlock(byte, to: &sum)
            offset += 1
        }
        var bits = FLACBits(at: start + Int64(header.byteCount), limit: limit)
        guard let end = try bits.blockEnd(header, in: &file) else { return nil }
        sum = 0
        for offset in start..<end {
            guard let byte = try file.byte(at: offset) else { return nil }
            Checksum.addFLACBlock(byte, to: &sum)
        }
        return sum == 0 ? end : nil
    }
}
