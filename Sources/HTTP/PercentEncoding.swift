/// `%XX` for bytes that cannot stand for themselves (RFC 3986).
package enum PercentEncoding {
    /// `text` with its `%XX` decoded; nil if one is cut short or the bytes are not UTF-8.
    package static func decoded(_ text: some StringProtocol) -> String? {
        guard let bytes = bytes(of: text, isStrict: true) else { return nil }
        return String(validating: bytes, as: UTF8.self)
    }

    /// `text` with its `%XX` decoded; what is no UTF-8 becomes U+FFFD, and a `%` that begins no `%XX` stays.
    package static func repaired(_ text: some StringProtocol) -> String {
        String(decoding: bytes(of: text, isStrict: false) ?? [], as: UTF8.self)
    }

    /// `text` with all that `isAllowed` does not allow encoded.
    package static func encoded(_ text: String, isAllowed: (UInt8) -> Bool) -> String {
        let digits = Array("0123456789ABCDEF")
        return text.utf8.reduce(into: "") { encoded, byte in
            if isAllowed(byte) {
                encoded.unicodeScalars.append(UnicodeScalar(byte))
            } else {
                encoded += "%\(digits[Int(byte >> 4)])\(digits[Int(byte & 15)])"
            }
        }
    }

    private static func bytes(of text: some StringProtocol, isStrict: Bool) -> [UInt8]? {
        var rest = Array(text.utf8)[...]
        var bytes: [UInt8] = []
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            let digits = rest.prefix(2).compactMap { Character(UnicodeScalar($0)).hexDigitValue }
            if digits.count == 2 {
                bytes.append(UInt8(digits[0] << 4 | digits[1]))
                rest.removeFirst(2)
            } else if isStrict {
                return nil
            } else {
                bytes.append(byte)
            }
        }
        return bytes
    }
}

extension String {
    /// With all encoded but what no URL gives a meaning to, and what is in `kept`.
    package func percentEncoded(keeping kept: String = "") -> String {
        let kept = Set("-._~".utf8).union(kept.utf8)
        return PercentEncoding.encoded(self) { byte in
            let character = Character(UnicodeScalar(byte))
            return kept.contains(byte) || byte < 0x80 && (character.isLetter || character.isNumber)
        }
    }
}
