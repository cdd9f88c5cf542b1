import HTTP

extension HTTPResponse {
    /// Whether this is a page for people, sent with 200: a captive portal's, a proxy's, a login's (EXP-6).
    var isPage: Bool {
        guard status == 200 else { return false }
        let type = mediaType
        if type == "text/html" || type.hasSuffix("/xml") || type.hasSuffix("+xml") { return true }
        let byteOrderMark: [UInt8] = [0xef, 0xbb, 0xbf]
        let text = body.starts(with: byteOrderMark) ? body.dropFirst(3) : body[...]
        return text.first { !" \t\r\n".utf8.contains($0) } == UInt8(ascii: "<")
    }

    /// Its body's, in lower case and without parameters; empty where it says none.
    var mediaType: String {
        String((self["Content-Type"]?.lowercased() ?? "").prefix { $0 != ";" }.trimmed)
    }
}
