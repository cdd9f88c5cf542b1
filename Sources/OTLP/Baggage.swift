import HTTP
public import Tracing

/// What a caller passes along with its request for all who serve it: the `baggage` header of W3C Baggage.
///
/// Source: https://www.w3.org/TR/baggage/
public struct Baggage: Hashable, Sendable, CustomStringConvertible {
    public struct Member: Hashable, Sendable {
        /// A token of HTTP (RFC 9110): letters, digits and some punctuation, no blanks.
        public let key: String
        /// Any text.
        public var value: String
        /// What was said about the value, such as `ttl=30`, passed on as it came.
        public let properties: [String]

        /// Nil where the key is no token.
        public init?(key: String, value: String) {
            guard Token.isToken(key) else { return nil }
            self.init(key: key, value: value, properties: [])
        }

        fileprivate init(key: String, value: String, properties: [String]) {
            self.key = key
            self.value = value
            self.properties = properties
        }
    }

    /// What the standard has everybody pass on, and so the most that is passed on here: the members and the bytes of a
    /// header.
    static let (memberLimit, byteLimit) = (64, 8192)

    /// In the order in which they came.
    public var members: [Member]

    public init(members: [Member] = []) {
        self.members = members
    }

    /// The members of `header`, without those that are malformed, or beyond the limits.
    public init(_ header: some StringProtocol) {
        members = []
        for listed in header.split(separator: ",") {
            let parts = listed.split(separator: ";", omittingEmptySubsequences: false).map {
                KeyValueList.trimmed(Substring($0))
            }
            guard let (key, value) = Self.pair(parts[0]), let value,
                parts.dropFirst().allSatisfy({ Self.pair($0) != nil })
            else { continue }
            let properties = parts.dropFirst().map(String.init)
            members.append(Member(key: key, value: PercentEncoding.repaired(value), properties: properties))
        }
        members = withinLimits
    }

    /// The value of the first member with this key.
    public subscript(key: String) -> String? {
        members.first { $0.key == key }?.value
    }

    /// The header's value, of whole members; those at the end that are beyond the standard's limits are left out.
    public var description: String {
        withinLimits.map(\.text).joined(separator: ",")
    }

    private var withinLimits: [Member] {
        var byteCount = -1
        return Array(
            members.prefix(Self.memberLimit).prefix { member in
                byteCount += 1 + member.text.utf8.count
                return byteCount <= Self.byteLimit
            }
        )
    }

    /// The key and the value, if there is any, of `key=value`; nil if it is malformed.
    private static func pair(_ text: Substring) -> (key: String, value: Substring?)? {
        let key = KeyValueList.trimmed(text.prefix { $0 != "=" })
        guard Token.isToken(key) else { return nil }
        guard let equals = text.firstIndex(of: "=") else { return (String(key), nil) }
        let value = KeyValueList.trimmed(text[text.index(after: equals)...])
        return value.utf8.allSatisfy(isOctet) ? (String(key), value) : nil
    }

    /// Printable ASCII without blank, quote, comma, semicolon and backslash.
    fileprivate static func isOctet(_ byte: UInt8) -> Bool {
        0x21...0x7E ~= byte && !"\",;\\".utf8.contains(byte)
    }
}

extension Baggage.Member {
    fileprivate var text: String {
        let encoded = PercentEncoding.encoded(value) { Baggage.isOctet($0) && $0 != UInt8(ascii: "%") }
        return ([key + "=" + encoded] + properties).joined(separator: ";")
    }
}

extension ServiceContext {
    /// What is passed along with the request that this context belongs to; nil where there is nothing.
    public var baggage: Baggage? {
        get { self[BaggageKey.self] }
        set { self[BaggageKey.self] = newValue }
    }
}

private enum BaggageKey: ServiceContextKey {
    typealias Value = Baggage
    static var nameOverride: String? { "otlp-baggage" }
}
