import FoundationEssentials
import HTTP

/// The body of a `multipart/form-data` request (RFC 7578), streamed.
struct MultipartForm {
    struct Part {
        var name: String
        var fileName: String
        var mediaType: String
        var content: HTTPRequest.Body.Piece
    }

    let contentType: String
    let body: HTTPRequest.Body
    /// Where in the body the parts' contents are, by name.
    let ranges: [String: Range<Int64>]

    init(_ parts: [Part]) {
        // Random, so that no content holds it.
        let boundary = "tapeline-\(UUID().uuidString.lowercased())"
        var pieces: [HTTPRequest.Body.Piece] = []
        var ranges: [String: Range<Int64>] = [:]
        var end: Int64 = 0
        func add(_ piece: HTTPRequest.Body.Piece) -> Range<Int64> {
            let start = end
            switch piece {
            case .bytes(let bytes): end += Int64(bytes.count)
            case .file(_, let part, _): end += Int64(part.count)
            }
            pieces.append(piece)
            return start..<end
        }
        for (number, part) in parts.enumerated() {
            let head = """
                \(number == 0 ? "" : "\r\n")--\(boundary)\r
                Content-Disposition: form-data; name="\(part.name)"; filename="\(part.fileName)"\r
                Content-Type: \(part.mediaType)\r
                \r\n
                """
            _ = add(.bytes(Array(head.utf8)))
            ranges[part.name] = add(part.content)
        }
        _ = add(.bytes(Array("\r\n--\(boundary)--\r\n".utf8)))
        contentType = "multipart/form-data; boundary=\(boundary)"
        body = HTTPRequest.Body(pieces: pieces)
        self.ranges = ranges
    }
}
