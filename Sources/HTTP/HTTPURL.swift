/// An absolute `http` or `https` URL, without user, password and fragment.
public struct HTTPURL: Hashable, Sendable, CustomStringConvertible {
    /// Why a text is none.
    public enum Flaw: Error, Hashable, Sendable {
        case scheme
        case host
        /// It has a user or a password before the host.
        case credentials
        /// It holds a character that a URL must have percent-encoded.
        case character(Character)
    }

    /// `http` or `https`.
    public let scheme: String
    /// The host, and the port where the URL has one.
    public let authority: String
    /// Percent-encoded, from the first slash on; at least `/`.
    public let path: String
    /// Percent-encoded, after the question mark.
    public let query: String?

    public init(_ text: String) throws(Flaw) {
        let allowed = "-._~:/?#[]@!$&'()*+,;=%"
        if let character = text.first(where: { !($0.isASCII && ($0.isLetter || $0.isNumber)) && !allowed.contains($0) })
        {
            throw .character(character)
        }
        guard let range = text.firstRange(of: "://") else { throw .scheme }
        scheme = text[..<range.lowerBound].lowercased()
        guard scheme == "http" || scheme == "https" else { throw .scheme }
        let rest = text[range.upperBound...].prefix { $0 != "#" }
        let host = rest.prefix { $0 != "/" && $0 != "?" }
        guard !host.contains("@") else { throw .credentials }
        guard let first = host.first, first != ":" else { throw .host }
        authority = host.lowercased()
        let target = rest[host.endIndex...]
        let path = target.prefix { $0 != "?" }
        self.path = path.isEmpty ? "/" : String(path)
        query = path.endIndex == target.endIndex ? nil : String(target[target.index(after: path.endIndex)...])
    }

    private init(scheme: String, authority: String, path: String, query: String?) {
        self.scheme = scheme
        self.authority = authority
        self.path = path
        self.query = query
    }

    public var description: String { withoutQuery + (query.map { "?\($0)" } ?? "") }

    /// What may be shown: queries hold signatures and keys (SPAN-6).
    public var withoutQuery: String { "\(scheme)://\(authority)\(path)" }

    /// Whether what is meant for one may be told to the other.
    public func isSameOrigin(as other: HTTPURL) -> Bool {
        scheme == other.scheme && authorityWithPort == other.authorityWithPort
    }

    private var authorityWithPort: String {
        let hasPort = authority.wholeMatch(of: /.*:[0-9]+/) != nil
        return hasPort ? authority : "\(authority):\(scheme == "https" ? 443 : 80)"
    }

    /// What `reference`, such as a `Location`, means where this URL was asked for.
    public func resolving(_ reference: String) throws(Flaw) -> HTTPURL {
        if reference.starts(with: /[A-Za-z][A-Za-z0-9+.\-]*:/) { return try HTTPURL(reference) }
        if reference.hasPrefix("//") { return try HTTPURL("\(scheme):\(reference)") }
        let text = reference.prefix { $0 != "#" }
        if text.isEmpty { return self }
        if text.hasPrefix("?") { return try HTTPURL("\(withoutQuery)\(text)") }
        let folder = text.hasPrefix("/") ? "" : String(path[...(path.lastIndex(of: "/") ?? path.startIndex)])
        let url = try HTTPURL("\(scheme)://\(authority)\(folder)\(text)")
        return HTTPURL(scheme: scheme, authority: authority, path: Self.withoutDots(url.path), query: url.query)
    }

    private static func withoutDots(_ path: String) -> String {
        var kept: [Substring] = []
        let parts = path.dropFirst().split(separator: "/", omittingEmptySubsequences: false)
        for part in parts where part != "." {
            if part == ".." { _ = kept.popLast() } else { kept.append(part) }
        }
        if parts.last == "." || parts.last == ".." { kept.append("") }
        return "/" + kept.joined(separator: "/")
    }
}
