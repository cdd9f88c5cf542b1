/// Finds the end of a FLAC block by stepping over its coded samples (RFC 9639, 9.2), which it does not decode.
struct FLACBits {
    /// Bits from the start of the file.
    private var place: Int64
    private let limit: Int64

    /// - Parameter limit: byte that no block goes beyond.
    init(at offset: Int64, limit: Int64) {
        place = 8 * offset
        self.limit = 8 * limit
    }

    /// Where the block ends, its checksum included; nil if that is beyond the limit, or this is no block.
    mutating func blockEnd(_ header: FLACBlockHeader, in file: inout PartBytes) throws(RepairError) -> Int64? {
        for bitCount in header.sampleBitCounts {
            guard try skipSubframe(frameCount: header.frames.count, bitCount, in: &file) else { return nil }
        }
        let end = (place + 7) / 8 + 2
        return 8 * end <= limit ? end : nil
    }

    /// Steps over the samples of one channel.
    private mutating func skipSubframe(
        frameCount: Int,
        _ bitCount: Int,
        in file: inout PartBytes
    ) throws(RepairError) -> Bool {
        let kind = try number(7, in: &file)
        var bitCount = bitCount
        if try number(1, in: &file) == 1 { bitCount -= try unary(in: &file) + 1 }
        guard bitCount > 0 else { return false }
        switch kind {
        case 0: place += Int64(bitCount)
        case 1: place += Int64(bitCount * frameCount)
        case 8...12:
            place += Int64((kind - 8) * bitCount)
            return try skipResidual(frameCount: frameCount, order: kind - 8, in: &file)
        case 32...63:
            let order = kind - 31
            place += Int64(order * bitCount)
            let precision = try number(4, in: &file) + 1
            place += Int64(5 + order * precision)
            return try skipResidual(frameCount: frameCount, order: order, in: &file)
        default: return false
        }
        return place <= limit
    }

    /// Steps over what prediction left over: Rice codes, in parts of one parameter each.
    private mutating func skipResidual(
        frameCount: Int,
        order: Int,
        in file: inout PartBytes
    ) throws(RepairError) -> Bool {
        let method = try number(2, in: &file)
        let partCount = 1 << (try number(4, in: &file))
        guard method <= 1, frameCount % partCount == 0, frameCount / partCount >= order else { return false }
        let parameterBitCount = method == 0 ? 4 : 5
        for part in 0..<partCount {
            let count = frameCount / partCount - (part == 0 ? order : 0)
            let parameter = try number(parameterBitCount, in: &file)
            if parameter == 1 << parameterBitCount - 1 {
                place += Int64(count * (try number(5, in: &file)))
            } else {
                for _ in 0..<count where place <= limit {
                    _ = try unary(in: &file)
                    place += Int64(parameter)
                }
            }
            guard place <= limit else { return false }
        }
        return true
    }

    /// The next bits, the highest first; zeros behind the end.
    private mutating func number(_ bitCount: Int, in file: inout PartBytes) throws(RepairError) -> Int {
        var number = 0
        for _ in 0..<bitCount {
            let byte = try file.byte(at: place >> 3) ?? 0
            number = number << 1 | Int(byte >> UInt8(7 - place & 7) & 1)
            place += 1
        }
        return number
    }

    /// The zeros before the next one; steps over both.
    private mutating func unary(in file: inout PartBytes) throws(RepairError) -> Int {
        let start = place
        while place < limit, let byte = try file.byte(at: place >> 3) {
            let shift = Int(place & 7)
            let zeroCount = (byte << UInt8(shift)).leadingZeroBitCount
            if shift + zeroCount < 8 {
                place += Int64(zeroCount) + 1
                return Int(place - start) - 1
            }
            place += Int64(8 - shift)
        }
        place = limit + 1
        return 0
    }
}
