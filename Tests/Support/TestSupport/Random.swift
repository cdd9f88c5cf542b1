/// Numbers that look random and are the same in each run (SplitMix64).
public struct Random: RandomNumberGenerator {
    private var state: UInt64

    public init(seed: UInt64) { state = seed &* 0xD134_2543_DE82_EF95 }

    public mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        return mixed ^ mixed >> 31
    }

    public mutating func below(_ limit: Int) -> Int { Int(next() % UInt64(limit)) }

    /// 0 up to, and without, 1.
    public mutating func unit() -> Double { Double(next() >> 11) * 0x1p-53 }
}
