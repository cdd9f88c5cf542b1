/// `%XX` for bytes that cannot stand for themselves.
enum PercentEncoding {
    /// `text` with its `%XX` decoded; nil if one is cut short or the bytes are not UTF-8.
    static func decoded(_ text: some StringProtocol) -> String? {
        guard let bytes = bytes(of: text, isStrict: true) else { return nil }
        return String(validating: bytes, as: UTF8.self)
    }

    /// `text` with its `%XX` decoded; what is no UTF-8 becomes U+FFFD, and a `%` that begins no `%XX` stays.
    static func repaired(_ text: some StringProtocol) -> String {
        String(decoding: bytes(of: text, isStrict: false) ?? [], as: UTF8.self)
    }

    /// `text` with all that `isAllowed` does not allow encoded.
    static func encoded(_ text: String, isAllowed: (UInt8) -> Bool) -> String {
        text.utf8.reduce(into: "") { encoded, byte in
            if isAllowed(byte) {
                encoded.unicodeScalars.append(UnicodeScalar(byte))
            } else {
                encoded += "%" + Hexadecimal.digits(of: UInt64(byte), digitCount: 2).uppercased()
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
            let digits = String(decoding: rest.prefix(2), as: UTF8.self).lowercased()
            if digits.utf8.count == 2, let value = Hexadecimal.value(of: digits.utf8) {
                bytes.append(UInt8(value))
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
