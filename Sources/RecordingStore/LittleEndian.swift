/// Numbers in headers, the lowest byte first.
extension [UInt8] {
    /// The number in `count` bytes, at most 8, from `offset` on; all of them must be there.
    func number(at offset: Int, _ count: Int) -> UInt64 {
        (0..<count).reduce(0) { $0 | UInt64(self[offset + $1]) << (8 * UInt64($1)) }
    }

    /// Writes `number` over `count` bytes from `offset` on.
    mutating func put(_ number: UInt64, at offset: Int, _ count: Int) {
        for index in 0..<count { self[offset + index] = UInt8(truncatingIfNeeded: number >> (8 * UInt64(index))) }
    }

    /// True if the bytes from `offset` on are these characters; all of them must be there.
    func says(_ text: String, at offset: Int) -> Bool { self[offset...].starts(with: text.utf8) }
}
