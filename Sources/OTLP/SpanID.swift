/// The 8 bytes that tell a span from the others of its trace; never all zero.
public struct SpanID: Hashable, Sendable, CustomStringConvertible {
    /// The bytes, the first one most significant.
    public let value: UInt64

    /// The id with these bytes; nil if they are all zero, which W3C Trace Context calls invalid.
    public init?(_ value: UInt64) {
        guard value != 0 else { return nil }
        self.value = value
    }

    /// The id written as 16 lower-case hexadecimal digits; nil for anything else, and for all zeros.
    public init?(hex: some StringProtocol) {
        let digits = Array(hex.utf8)
        guard digits.count == 16, let value = Hexadecimal.value(of: digits) else { return nil }
        self.init(value)
    }

    /// An id that `generator` has drawn, anew for as long as it is zero.
    public static func random(using generator: inout some RandomNumberGenerator) -> SpanID {
        while true {
            if let id = SpanID(generator.next()) { return id }
        }
    }

    /// 16 lower-case hexadecimal digits.
    public var hex: String { Hexadecimal.digits(of: value) }

    public var description: String { hex }
}
