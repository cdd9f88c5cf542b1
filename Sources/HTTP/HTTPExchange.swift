/// What goes out and comes in during one transfer.
final class HTTPExchange {
    private(set) var status = 0
    private(set) var headers: [HTTPResponse.Header] = []
    /// Whether the headers of the final answer are all there.
    private(set) var isHeadComplete = false
    private(set) var kept: [UInt8] = []
    private(set) var isTruncated = false
    let body: HTTPBodyReader
    private let keptByteCount: Int

    init(_ body: HTTPBodyReader, keeping keptByteCount: Int) {
        self.body = body
        self.keptByteCount = keptByteCount
    }

    func keep(_ piece: [UInt8]) {
        let room = keptByteCount - kept.count
        kept += piece.prefix(room)
        if piece.count > room { isTruncated = true }
    }

    /// One line of an answer's head; a status line begins a new answer, such as the one after `100 Continue`.
    func takeHeader(_ line: String) {
        let text = line.trimmed
        if text.hasPrefix("HTTP/") {
            let words = text.split(separator: " ")
            status = words.count > 1 ? Int(words[1]) ?? 0 : 0
            headers = []
            isHeadComplete = false
        } else if text.isEmpty {
            isHeadComplete = status >= 200
        } else if let colon = text.firstIndex(of: ":") {
            let value = String(text[text.index(after: colon)...]).trimmed
            headers.append(HTTPResponse.Header(name: String(text[..<colon]), value: value))
        }
    }
}

extension String {
    /// Without white space at its ends.
    fileprivate var trimmed: String {
        let start = drop(while: \.isWhitespace)
        guard let last = start.lastIndex(where: { !$0.isWhitespace }) else { return "" }
        return String(start[...last])
    }
}
