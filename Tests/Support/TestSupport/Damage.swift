/// What becomes of bytes by disks, and by people with bad intentions.
public enum Damage {
    /// Breaks bytes in one of several ways.
    public static func spread(in bytes: inout [UInt8], _ random: inout Random) {
        guard !bytes.isEmpty else { return }
        // Headers are what numbers are read from.
        let reach = random.below(2) == 0 ? min(bytes.count, 300) : bytes.count
        let start = random.below(reach)
        let end = min(bytes.count, start + 1 + random.below(64))
        switch random.below(6) {
        case 0: bytes[start] ^= 1 << UInt8(random.below(8))
        case 1: bytes[start] = [0, 1, 0x7F, 0x80, 0xFF][random.below(5)]
        case 2: for place in start..<end { bytes[place] = UInt8(truncatingIfNeeded: random.next()) }
        case 3: for place in start..<end { bytes[place] = random.below(2) == 0 ? 0 : 0xFF }
        case 4: bytes.removeSubrange(start..<end)
        default: bytes.insert(contentsOf: bytes[start..<end], at: random.below(bytes.count))
        }
    }
}
