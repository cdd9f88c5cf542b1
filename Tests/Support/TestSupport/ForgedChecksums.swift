/// Makes broken FLAC and Ogg files believable, so that what reads them gets past the checksums.
public enum ForgedChecksums {
    /// Sets the checksum of everything that looks like an Ogg page, a FLAC block's header or a FLAC block.
    public static func forge(_ bytes: inout [UInt8]) {
        var lastBlock: Int?
        for start in bytes.indices.dropLast(27) {
            if bytes[start..<start + 4].elementsEqual("OggS".utf8) { forgePage(&bytes, start) }
            guard bytes[start] == 0xFF, bytes[start + 1] & 0xFE == 0xF8 else { continue }
            if let lastBlock, start > lastBlock + 8 {
                let sum = checksum(bytes[lastBlock..<start - 2], 0x8005, width: 16)
                (bytes[start - 2], bytes[start - 1]) = (UInt8(sum >> 8), UInt8(sum & 0xFF))
            }
            forgeBlockHeader(&bytes, start)
            lastBlock = start
        }
    }

    private static func forgePage(_ bytes: inout [UInt8], _ start: Int) {
        let bodyStart = start + 27 + Int(bytes[start + 26])
        guard bodyStart <= bytes.count else { return }
        let end = bytes[start + 27..<bodyStart].reduce(bodyStart) { $0 + Int($1) }
        guard end <= bytes.count else { return }
        for place in start + 22..<start + 26 { bytes[place] = 0 }
        let sum = checksum(bytes[start..<end], 0x04C1_1DB7, width: 32)
        for index in 0..<4 { bytes[start + 22 + index] = UInt8(sum >> (8 * index) & 0xFF) }
    }

    private static func forgeBlockHeader(_ bytes: inout [UInt8], _ start: Int) {
        let size = bytes[start + 2] >> 4
        let rate = bytes[start + 2] & 0xF
        let end =
            start + 4 + max(1, (~bytes[start + 4]).leadingZeroBitCount) + (size == 6 ? 1 : size == 7 ? 2 : 0)
            + (rate == 12 ? 1 : rate > 12 ? 2 : 0)
        bytes[end] = UInt8(checksum(bytes[start..<end], 0x07, width: 8))
    }

    /// Bit by bit, from the highest on.
    private static func checksum(_ bytes: ArraySlice<UInt8>, _ polynomial: UInt64, width: Int) -> UInt64 {
        let top: UInt64 = 1 << UInt64(width - 1)
        return bytes.reduce(0) { sum, byte in
            var sum = sum ^ UInt64(byte) << UInt64(width - 8)
            for _ in 0..<8 { sum = sum & top != 0 ? (sum << 1 ^ polynomial) & (2 * top - 1) : sum << 1 }
            return sum
        }
    }
}
