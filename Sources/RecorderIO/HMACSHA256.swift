internal import CCrypto

/// HMAC with SHA-256 (RFC 2104) by libcrypto, for what fits in memory. A fence, as `SHA256`.
public enum HMACSHA256 {
    /// The 32 bytes that prove that who made them has `key`.
    public static func code(for message: [UInt8], key: [UInt8]) throws(RecorderError) -> [UInt8] {
        var code = [UInt8](repeating: 0, count: 32)
        var byteCount: UInt32 = 0
        let made = unsafe HMAC(EVP_sha256(), key, Int32(key.count), message, message.count, &code, &byteCount)
        guard unsafe made != nil, byteCount == 32 else { throw .encoder(reason: "HMAC") }
        return code
    }
}
