extension String {
    /// With all percent-encoded but what no URL gives a meaning to (RFC 3986's unreserved), and what is in `kept`.
    func percentEncoded(keeping kept: String = "") -> String {
        let digits = Array("0123456789ABCDEF")
        return utf8.map { byte in
            let character = Character(Unicode.Scalar(byte))
            let isPlain = character.isLetter || character.isNumber || "-._~".contains(character)
            return byte < 0x80 && (isPlain || kept.contains(character))
                ? String(character) : "%\(digits[Int(byte >> 4)])\(digits[Int(byte & 15)])"
        }.joined()
    }
}
