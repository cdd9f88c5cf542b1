/// The checksums of FLAC and Ogg: each of them is taken from the highest bit on, starts at zero, and is not inverted.
enum Checksum {
    /// Of a FLAC block's header: x⁸ + x² + x + 1.
    static func flacHeader(_ bytes: ArraySlice<UInt8>) -> UInt8 {
        var sum: UInt8 = 0
        for byte in bytes { sum = table8[Int(sum ^ byte)] }
        return sum
    }

    /// Of a whole FLAC block: x¹⁶ + x¹⁵ + x² + 1. Zero over a block together with its checksum.
    static func addFLACBlock(_ byte: UInt8, to sum: inout UInt16) {
        sum = sum << 8 ^ table16[Int(UInt8(sum >> 8) ^ byte)]
    }

    /// Of an Ogg page whose own checksum is taken as zero: the polynomial of Ethernet.
    static func addOggPage(_ byte: UInt8, to sum: inout UInt32) {
        sum = sum << 8 ^ table32[Int(UInt8(sum >> 24) ^ byte)]
    }

    private static let table8: [UInt8] = table(0x07)
    private static let table16: [UInt16] = table(0x8005)
    private static let table32: [UInt32] = table(0x04C1_1DB7)

    /// The checksum of each byte alone.
    private static func table<Sum: FixedWidthInteger>(_ polynomial: Sum) -> [Sum] {
        (0..<256).map { byte in
            var sum = Sum(byte) << (Sum.bitWidth - 8)
            for _ in 0..<8 { sum = sum.leadingZeroBitCount == 0 ? sum << 1 ^ polynomial : sum << 1 }
            return sum
        }
    }
}
