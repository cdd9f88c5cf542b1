import HTTP

extension HTTPResponse {
    /// The beginning of its text in parentheses, safe to show on a terminal; empty where there is none.
    var excerpt: String {
        let words = String(decoding: body.prefix(1000), as: UTF8.self).printable()
        return words.isEmpty ? "" : " (\"\(words)\")"
    }
}
