/// Numbers that look random and are the same in each run (SplitMix64).
struct Random: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        return mixed ^ mixed >> 31
    }

    mutating func below(_ limit: Int) -> Int { Int(next() % UInt64(limit)) }
}

/// What byte number `position` of a stream is.
func byte(_ position: Int) -> UInt8 { UInt8(truncatingIfNeeded: (UInt64(position) &* 0x9E37_79B9_7F4A_7C15) >> 56) }

/// What frame number `position` of a stream of 6-byte frames is.
private func word(_ position: Int) -> UInt64 { (UInt64(position) &* 0x9E37_79B9_7F4A_7C15) >> 16 }

func fill(_ span: inout MutableRawSpan, from position: Int) -> Int {
    let count = span.byteCount / 6
    for frame in 0..<count {
        let value = word(position + frame)
        span.storeBytes(of: UInt32(truncatingIfNeeded: value), toByteOffset: frame * 6, as: UInt32.self)
        span.storeBytes(of: UInt16(truncatingIfNeeded: value >> 32), toByteOffset: frame * 6 + 4, as: UInt16.self)
    }
    return count
}

func wrongFrameCount(_ span: RawSpan, from position: Int) -> Int {
    var wrongCount = 0
    for frame in 0..<span.byteCount / 6 {
        let low = unsafe span.unsafeLoadUnaligned(fromByteOffset: frame * 6, as: UInt32.self)
        let high = unsafe span.unsafeLoadUnaligned(fromByteOffset: frame * 6 + 4, as: UInt16.self)
        if UInt64(low) | UInt64(high) << 32 != word(position + frame) { wrongCount += 1 }
    }
    return wrongCount
}
