import HTTP

/// Lists as OpenTelemetry's variables hold them: `key=value,key=value`, percent-encoded.
enum KeyValueList {
    /// The pairs in their order; nil if one is malformed.
    static func pairs(of list: String) -> [(key: String, value: String)]? {
        var pairs: [(key: String, value: String)] = []
        for pair in list.split(separator: ",") {
            guard let equals = pair.firstIndex(of: "="),
                let key = PercentEncoding.decoded(trimmed(pair[..<equals])), !key.isEmpty,
                let value = PercentEncoding.decoded(trimmed(pair[pair.index(after: equals)...]))
            else { return nil }
            pairs.append((key, value))
        }
        return pairs
    }

    /// Without blanks at its ends.
    static func trimmed(_ text: Substring) -> Substring {
        func isBlank(_ character: Character) -> Bool { character == " " || character == "\t" }
        let start = text.drop(while: isBlank)
        guard let last = start.lastIndex(where: { !isBlank($0) }) else { return start }
        return start[...last]
    }
}

/// The `token` of HTTP: what keys of baggage and names of headers are.
enum Token {
    static func isToken(_ text: some StringProtocol) -> Bool {
        !text.isEmpty
            && text.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"):
                    true
                default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
                }
            }
    }
}
