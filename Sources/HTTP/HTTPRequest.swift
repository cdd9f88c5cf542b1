/// One request, as it is to be sent.
public struct HTTPRequest: Sendable {
    public struct Header: Hashable, Sendable {
        public var name: String
        public var value: String
        /// Is not sent on to another host that a redirect leads to.
        public var isSecret: Bool

        public init(_ name: String, _ value: String, isSecret: Bool = false) {
            self.name = name
            self.value = value
            self.isSecret = isSecret
        }
    }

    /// Streamed: memory does not depend on its size (EXP-5). Files must have the sizes that are told.
    public struct Body: Hashable, Sendable {
        public enum Piece: Hashable, Sendable {
            /// Small ones: they stay in memory.
            case bytes([UInt8])
            /// The bytes at `range` of a file that has `fileByteCount` of them; any other size is refused.
            case file(path: String, range: Range<Int64>, fileByteCount: Int64)
        }

        /// Sent one after the other. Nil is no body at all; without pieces the body is empty.
        public var pieces: [Piece]?

        public init(pieces: [Piece]?) { self.pieces = pieces }

        public static let none = Body(pieces: nil)

        public static func bytes(_ bytes: [UInt8]) -> Body { Body(pieces: [.bytes(bytes)]) }

        /// All of a file.
        public static func file(path: String, byteCount: Int64) -> Body {
            Body(pieces: [.file(path: path, range: 0..<byteCount, fileByteCount: byteCount)])
        }
    }

    public var method: String
    public var url: HTTPURL
    /// `Content-Length`, `User-Agent` and `Host` come of themselves.
    public var headers: [Header]
    public var body: Body

    public init(method: String, url: HTTPURL, headers: [Header] = [], body: Body = .none) {
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body
    }
}

/// Sees the pieces of a body before they are sent. One is made for each time that the body is sent from its start.
public protocol HTTPBodyInspector: AnyObject {
    /// - Returns: False to break the request off before this piece. Held back the last piece, no server takes the body for
    ///   whole.
    func inspect(_ piece: RawSpan, isLast: Bool) -> Bool
}
