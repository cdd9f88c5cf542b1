/// HMAC with SHA-256: proves that a message comes from someone who has the key (RFC 2104).
public enum HMACSHA256 {
    /// The authentication code, 32 bytes. The key may have any length.
    public static func code(for message: [UInt8], key: [UInt8]) throws(RecorderError) -> [UInt8] {
        var block = key.count > blockByteCount ? try digest(key, []) : key
        block += [UInt8](repeating: 0, count: blockByteCount - block.count)
        let inner = try digest(block.map { $0 ^ 0x36 }, message)
        return try digest(block.map { $0 ^ 0x5c }, inner)
    }

    private static let blockByteCount = 64

    private static func digest(_ start: [UInt8], _ rest: [UInt8]) throws(RecorderError) -> [UInt8] {
        var hash = try SHA256()
        try hash.update(start[...])
        try hash.update(rest[...])
        let values = try hash.finalize().compactMap(\.hexDigitValue)
        return stride(from: 0, to: values.count, by: 2).map { UInt8(values[$0] << 4 | values[$0 + 1]) }
    }
}
