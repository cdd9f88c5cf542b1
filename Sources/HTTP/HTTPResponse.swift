/// What a server answered.
public struct HTTPResponse: Hashable, Sendable {
    public struct Header: Hashable, Sendable {
        public var name: String
        public var value: String

        public init(name: String, value: String) {
            self.name = name
            self.value = value
        }
    }

    public var status: Int
    public var headers: [Header]
    /// Its first bytes, up to the client's limit.
    public var body: [UInt8]
    public var isBodyComplete: Bool
    /// The URL that answered: another than was asked for after a redirect.
    public var url: HTTPURL

    public init(status: Int, headers: [Header], body: [UInt8], isBodyComplete: Bool, url: HTTPURL) {
        self.status = status
        self.headers = headers
        self.body = body
        self.isBodyComplete = isBodyComplete
        self.url = url
    }

    /// The first value of a header, whatever the case of its name; nil where it is not there, or empty.
    public subscript(_ name: String) -> String? {
        let header = headers.first { $0.name.lowercased() == name.lowercased() }
        return header.flatMap { $0.value.isEmpty ? nil : $0.value }
    }

    /// How long `Retry-After` asks to wait, from seconds or a date; nil where it asks for nothing, or is neither.
    ///
    /// A date counts from the server's own `Date`, so that a clock that is off here changes nothing; without one, from
    /// `now`, in seconds since 1970.
    public func retryAfter(now: Int64) -> Duration? {
        guard let text = self["Retry-After"] else { return nil }
        // Seconds may have a fraction where a server is careless about the grammar.
        if let seconds = Double(text), seconds.isFinite { return .seconds(min(max(seconds, 0), 1e9)) }
        guard let date = HTTPTransfer.secondsSince1970(of: text) else { return nil }
        return .seconds(min(max(date - (self.date ?? now), 0), 1_000_000_000))
    }

    /// When the server sent it by its own clock, in seconds since 1970; nil where it does not tell.
    public var date: Int64? { self["Date"].flatMap(HTTPTransfer.secondsSince1970) }
}
