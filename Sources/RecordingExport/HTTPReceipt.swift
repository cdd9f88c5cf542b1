import FoundationEssentials
import HTTP
import RecorderIO

/// What a server's answer proves (EXP-6).
struct HTTPReceipt {
    let response: HTTPResponse
    let file: FinishedRecording

    enum Flaw: Error, Hashable {
        /// Another status than 200, 201 and 204.
        case status
        /// A page for people, sent with 200: a captive portal's, a proxy's, a login's.
        case page
        /// The digest that it gives is not the recording's.
        case digest
    }

    /// The URL that the recording has now, without query, user and password (SPAN-6).
    func verified() throws(Flaw) -> String {
        guard [200, 201, 204].contains(response.status) else { throw .status }
        if response.isPage { throw .page }
        let digests = digests
        guard digests.isEmpty || digests.contains(file.sha256) else { throw .digest }
        guard response.status == 201, let location = response["Location"] else { return response.url.withoutQuery }
        do {
            return try response.url.resolving(location).withoutQuery
        } catch {
            // Not a URL that may be shown: what was asked for is right as well.
            return response.url.withoutQuery
        }
    }

    /// Every SHA-256 that the server says it has, in lower-case hexadecimal. An MD5 cannot be compared with one. A
    /// `Content-Digest` of the answer's own body says nothing of the recording (RFC 9530), and is left out.
    private var digests: [String] {
        var digests: [String] = []
        for header in response.headers {
            switch header.name.lowercased() {
            case "repr-digest", "content-digest":
                for match in header.value.matches(of: /(?i)\bsha-256\s*=\s*:([A-Za-z0-9+\/=]*):/) {
                    digests.append(Self.hexadecimal(String(match.1)))
                }
            case "digest":
                for match in header.value.matches(of: /(?i)\bsha-256\s*=\s*([A-Za-z0-9+\/=]+)/) {
                    digests.append(Self.hexadecimal(String(match.1)))
                }
            case "etag":
                if let match = header.value.wholeMatch(of: /"?([0-9A-Fa-f]{64})"?/) {
                    digests.append(match.1.lowercased())
                }
            default: break
            }
        }
        return digests.filter { $0 != bodyDigest }
    }

    private var bodyDigest: String? {
        do {
            var hasher = try SHA256()
            try hasher.update(response.body[...])
            return try hasher.finalize()
        } catch {
            // Without it no digest is left out, and at worst a receipt is refused.
            return nil
        }
    }

    static func hexadecimal(_ base64: String) -> String {
        let digits = Array("0123456789abcdef")
        return String((Data(base64Encoded: base64) ?? Data()).flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] })
    }

    static func base64(ofHexadecimal sha256: String) -> String {
        let digits = Array(sha256.utf8)
        let bytes = stride(from: 0, to: digits.count - 1, by: 2).map { index in
            UInt8(String(decoding: digits[index...index + 1], as: UTF8.self), radix: 16) ?? 0
        }
        return Data(bytes).base64EncodedString()
    }

    /// The value of a `Content-Digest` (RFC 9530) for a SHA-256 in hexadecimal.
    static func contentDigest(ofHexadecimal sha256: String) -> String {
        "sha-256=:\(base64(ofHexadecimal: sha256)):"
    }
}

/// Looks that what is sent is what was finalized: the last piece is held back until the SHA-256 is right, so that no server
/// ever has a whole file with wrong bytes.
final class RecordingInspector: HTTPBodyInspector {
    private var hasher: SHA256?
    private let sha256: String

    init(sha256: String) {
        self.sha256 = sha256
        do { hasher = try SHA256() } catch { hasher = nil }
    }

    func inspect(_ piece: RawSpan, isLast: Bool) -> Bool {
        do {
            // Where libcrypto has no SHA-256 nothing can be checked, so nothing is sent.
            guard hasher != nil else { return false }
            try hasher?.update(piece)
            guard isLast else { return true }
            return try hasher.take()?.finalize() == sha256
        } catch {
            return false
        }
    }
}
