/// Fixed-width lower-case hexadecimal, the only form in which W3C Trace Context and OTLP JSON write ids.
enum Hexadecimal {
    /// `value` as exactly `digitCount` digits, with leading zeros.
    static func digits(of value: UInt64, digitCount: Int = 16) -> String {
        let digits = String(value, radix: 16)
        return String(repeating: "0", count: max(0, digitCount - digits.count)) + digits
    }

    /// The value of at most 16 digits; nil if there are none or more, or if one is not `0-9` or `a-f`.
    ///
    /// Upper case is refused, because W3C Trace Context refuses it; `UInt64(_:radix:)` would take it, and a sign too.
    static func value(of digits: some Collection<UInt8>) -> UInt64? {
        guard (1...16).contains(digits.count) else { return nil }
        var value: UInt64 = 0
        for digit in digits {
            switch digit {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): value = value << 4 | UInt64(digit - UInt8(ascii: "0"))
            case UInt8(ascii: "a")...UInt8(ascii: "f"): value = value << 4 | UInt64(digit - UInt8(ascii: "a") + 10)
            default: return nil
            }
        }
        return value
    }
}
