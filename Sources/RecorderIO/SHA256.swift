internal import CCrypto
internal import Glibc

/// SHA-256 by libcrypto. A fence: with `HMACSHA256`, the only files that import it.
@safe
public struct SHA256: ~Copyable {
    private let context: OpaquePointer

    public init() throws(RecorderError) {
        guard let context = unsafe EVP_MD_CTX_new() else { throw .encoder(reason: "EVP_MD_CTX_new") }
        guard unsafe EVP_DigestInit_ex(context, EVP_sha256(), nil) == 1 else {
            unsafe EVP_MD_CTX_free(context)
            throw .encoder(reason: "EVP_DigestInit_ex")
        }
        unsafe self.context = context
    }

    deinit { unsafe EVP_MD_CTX_free(context) }

    public mutating func update(_ bytes: RawSpan) throws(RecorderError) {
        let isDone = unsafe bytes.withUnsafeBytes { unsafe EVP_DigestUpdate(context, $0.baseAddress, $0.count) }
        guard isDone == 1 else { throw .encoder(reason: "EVP_DigestUpdate") }
    }

    public mutating func update(_ bytes: ArraySlice<UInt8>) throws(RecorderError) {
        try update(unsafe bytes.span.bytes)
    }

    /// The digest of all that was given, in lower-case hexadecimal.
    public consuming func finalize() throws(RecorderError) -> String {
        var digest = [UInt8](repeating: 0, count: 32)
        guard unsafe EVP_DigestFinal_ex(context, &digest, nil) == 1 else {
            throw .encoder(reason: "EVP_DigestFinal_ex")
        }
        let digits = Array("0123456789abcdef".utf8)
        return String(decoding: digest.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }

    /// The digest of bytes in memory, in lower-case hexadecimal.
    public static func of(_ bytes: [UInt8]) throws(RecorderError) -> String {
        var hash = try SHA256()
        try hash.update(bytes[...])
        return try hash.finalize()
    }

    /// The digest and the size of a file, read in pieces, so that memory does not depend on its size (EXP-5).
    public static func ofFile(atPath path: String) throws(RecorderError) -> (hex: String, byteCount: Int64) {
        let file = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { throw .file(path: path, call: "open", code: errno) }
        defer { close(file) }
        var hash = try SHA256()
        var total: Int64 = 0
        var piece = [UInt8](repeating: 0, count: 1 << 18)
        while true {
            let count = unsafe read(file, &piece, piece.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw .file(path: path, call: "read", code: errno) }
            if count == 0 { break }
            try hash.update(unsafe piece.span.bytes.extracting(0..<count))
            total += Int64(count)
        }
        return (try hash.finalize(), total)
    }
}
