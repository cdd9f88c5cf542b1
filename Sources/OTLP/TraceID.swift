/// The 16 bytes that every span of a trace shares; never all zero.
public struct TraceID: Hashable, Sendable, CustomStringConvertible {
    /// The first 8 bytes, the first one most significant.
    public let high: UInt64
    /// The last 8 bytes, of which ratio sampling is a function.
    public let low: UInt64

    /// The id with these bytes; nil if they are all zero, which W3C Trace Context calls invalid.
    public init?(high: UInt64, low: UInt64) {
        guard high != 0 || low != 0 else { return nil }
        self.high = high
        self.low = low
    }

    /// The id written as 32 lower-case hexadecimal digits; nil for anything else, and for all zeros.
    public init?(hex: some StringProtocol) {
        let digits = Array(hex.utf8)
        guard digits.count == 32,
            let high = Hexadecimal.value(of: digits[..<16]),
            let low = Hexadecimal.value(of: digits[16...])
        else { return nil }
        self.init(high: high, low: low)
    }

    /// An id that `generator` has drawn, anew for as long as it is zero.
    public static func random(using generator: inout some RandomNumberGenerator) -> TraceID {
        while true {
            if let id = TraceID(high: generator.next(), low: generator.next()) { return id }
        }
    }

    /// 32 lower-case hexadecimal digits.
    public var hex: String { Hexadecimal.digits(of: high) + Hexadecimal.digits(of: low) }

    public var description: String { hex }
}
