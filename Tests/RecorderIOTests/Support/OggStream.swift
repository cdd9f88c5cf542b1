/// The pages of an Ogg file and the packets in them, read by hand (RFC 3533): what libogg wrote is not judged by libogg.
struct OggStream {
    struct Malformed: Error { let reason: String }

    struct Page {
        var marks: UInt8
        /// -1 if no packet ends in it.
        var granule: Int64
        var serial: Int
        var sequence: Int
    }

    static let firstMark: UInt8 = 2
    static let lastMark: UInt8 = 4

    private(set) var pages: [Page] = []
    private(set) var packets: [[UInt8]] = []

    init(_ bytes: [UInt8]) throws {
        var packet: [UInt8] = []
        var place = 0
        while place < bytes.count {
            guard place + 27 <= bytes.count, SoundBytes.text(bytes, place) == "OggS", bytes[place + 4] == 0 else {
                throw Malformed(reason: "no page at \(place)")
            }
            let lengths = bytes[place + 27..<place + 27 + Int(bytes[place + 26])]
            var body = lengths.endIndex
            guard (bytes[place + 5] & 1 == 1) == !packet.isEmpty else { throw Malformed(reason: "a packet is torn") }
            for length in lengths {
                packet += bytes[body..<body + Int(length)]
                body += Int(length)
                guard length < 255 else { continue }
                packets.append(packet)
                packet = []
            }
            guard Self.checksum(bytes[place..<body]) == SoundBytes.number(bytes, place + 22, 4) else {
                throw Malformed(reason: "a wrong checksum at \(place)")
            }
            pages.append(
                Page(
                    marks: bytes[place + 5] & 6,
                    granule: Int64(SoundBytes.number(bytes, place + 6, 8)),
                    serial: SoundBytes.number(bytes, place + 14, 4),
                    sequence: SoundBytes.number(bytes, place + 18, 4)
                )
            )
            place = body
        }
        guard packet.isEmpty else { throw Malformed(reason: "the last packet has no end") }
    }

    /// Over a page, its own four bytes taken as zeros.
    private static func checksum(_ page: ArraySlice<UInt8>) -> Int {
        var sum: UInt32 = 0
        for (index, byte) in page.enumerated() {
            sum ^= (22..<26).contains(index) ? 0 : UInt32(byte) << 24
            for _ in 0..<8 { sum = sum & 0x8000_0000 == 0 ? sum << 1 : sum << 1 ^ 0x04C1_1DB7 }
        }
        return Int(sum)
    }
}
