/// One page of an Ogg file (RFC 3533).
struct OggPage {
    let bytes: Range<Int64>
    let serial: UInt64
    /// Its number in the stream.
    let sequence: UInt64
    /// The codec's position behind the last packet that ends in it; nil if none does.
    let granule: Int64?

    /// Up to the number of segments.
    static let headByteCount = 27
    private static let last: UInt8 = 4

    /// The page at `start`, if it is whole: all of it is there, and its checksum is right.
    ///
    /// A page whose mark for the last one and whose checksum were being written when that was cut short is whole, too.
    init?(at start: Int64, in file: inout PartBytes) throws(RepairError) {
        let head = try file.bytes(at: start, count: Self.headByteCount)
        guard head.count == Self.headByteCount, head.says("OggS", at: 0), head[4] == 0, head[5] < 8 else { return nil }
        let segments = try file.bytes(at: start + Int64(Self.headByteCount), count: Int(head[26]))
        let end = segments.reduce(start + Int64(Self.headByteCount + Int(head[26]))) { $0 + Int64($1) }
        guard end <= file.byteCount else { return nil }
        bytes = start..<end
        let position = Int64(bitPattern: head.number(at: 6, 8))
        guard position >= -1 else { return nil }
        granule = position == -1 ? nil : position
        serial = head.number(at: 14, 4)
        sequence = head.number(at: 18, 4)

        let found = head[22..<26]
        let asIs = try Self.head(head, marks: head[5], of: bytes, in: &file)[22..<26]
        if found == asIs { return }
        let other = try Self.head(head, marks: head[5] ^ Self.last, of: bytes, in: &file)[22..<26]
        guard found.indices.allSatisfy({ found[$0] == asIs[$0] || found[$0] == other[$0] }) else { return nil }
    }

    /// The head as it is, and as it must be in a stream's last page.
    func heads(in file: inout PartBytes) throws(RepairError) -> (found: [UInt8], last: [UInt8]) {
        let head = try file.bytes(at: bytes.lowerBound, count: Self.headByteCount)
        return (head, try Self.head(head, marks: head[5] | Self.last, of: bytes, in: &file))
    }

    /// `head` with other marks, and the checksum for them.
    private static func head(
        _ head: [UInt8],
        marks: UInt8,
        of bytes: Range<Int64>,
        in file: inout PartBytes
    ) throws(RepairError) -> [UInt8] {
        var head = head
        head[5] = marks
        head.put(0, at: 22, 4)
        var sum: UInt32 = 0
        for byte in head { Checksum.addOggPage(byte, to: &sum) }
        for offset in bytes.lowerBound + Int64(headByteCount)..<bytes.upperBound {
            Checksum.addOggPage(try file.byte(at: offset) ?? 0, to: &sum)
        }
        head.put(UInt64(sum), at: 22, 4)
        return head
    }
}
