/// What other tracing systems sent along with a trace: the `tracestate` header of W3C Trace Context.
///
/// It is checked, cleaned of empty members and optional white space, and otherwise passed on as it came; Tapeline adds
/// no member of its own.
public struct TraceState: Hashable, Sendable, CustomStringConvertible {
    /// One system's key and value, the most recent writer first.
    public struct Member: Hashable, Sendable {
        public let key: String
        public let value: String
    }

    /// At most 32, each key once.
    public let members: [Member]

    /// No members: what a trace that began here has.
    public static let empty = TraceState(members: [])

    private init(members: [Member]) {
        self.members = members
    }

    /// The members of `header`; nil if one is malformed, a key comes twice or there are more than 32, because the
    /// standard has a header that does not parse discarded whole.
    public init?(_ header: some StringProtocol) {
        var members: [Member] = []
        var keys: Set<String> = []
        for listed in Array(header.utf8).split(separator: UInt8(ascii: ",")) {
            let member = Self.trimmed(listed)
            if member.isEmpty { continue }
            let parts = member.split(separator: UInt8(ascii: "="), omittingEmptySubsequences: false)
            guard parts.count == 2, Self.isKey(parts[0]), Self.isValue(parts[1]),
                let key = String(validating: parts[0], as: UTF8.self),
                let value = String(validating: parts[1], as: UTF8.self), keys.insert(key).inserted
            else { return nil }
            members.append(Member(key: key, value: value))
        }
        guard members.count <= 32 else { return nil }
        self.init(members: members)
    }

    public var isEmpty: Bool { members.isEmpty }

    /// The header's value.
    public var description: String { members.map { "\($0.key)=\($0.value)" }.joined(separator: ",") }

    private static func trimmed(_ bytes: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        func isBlank(_ byte: UInt8) -> Bool { byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") }
        let leading = bytes.drop(while: isBlank)
        guard let last = leading.lastIndex(where: { !isBlank($0) }) else { return leading }
        return leading[...last]
    }

    /// `simple-key`, or `tenant@system`, of at most 256 characters.
    private static func isKey(_ bytes: ArraySlice<UInt8>) -> Bool {
        let parts = bytes.split(separator: UInt8(ascii: "@"), omittingEmptySubsequences: false)
        switch parts.count {
        case 1: return isName(parts[0], longest: 256)
        case 2: return isName(parts[0], longest: 241, mayStartWithDigit: true) && isName(parts[1], longest: 14)
        default: return false
        }
    }

    private static func isName(_ bytes: ArraySlice<UInt8>, longest: Int, mayStartWithDigit: Bool = false) -> Bool {
        func isLetter(_ byte: UInt8) -> Bool { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) }
        func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }
        guard let first = bytes.first, bytes.count <= longest, isLetter(first) || mayStartWithDigit && isDigit(first)
        else { return false }
        return bytes.allSatisfy { isLetter($0) || isDigit($0) || "_-*/".utf8.contains($0) }
    }

    /// Printable ASCII of 1 to 256 characters, not ending in a blank; `,` and `=` were the separators.
    private static func isValue(_ bytes: ArraySlice<UInt8>) -> Bool {
        (1...256).contains(bytes.count) && bytes.allSatisfy { 0x20...0x7E ~= $0 } && bytes.last != 0x20
    }
}
