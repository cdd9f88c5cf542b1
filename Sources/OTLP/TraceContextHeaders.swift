/// W3C Trace Context (https://www.w3.org/TR/trace-context/): a span context as `traceparent` and `tracestate`.
extension SpanContext {
    /// The `traceparent` header of version 00: `00-<trace id>-<span id>-<flags>`, 55 characters.
    public var traceparent: String {
        "00-\(traceID.hex)-\(spanID.hex)-\(Hexadecimal.digits(of: UInt64(flags.rawValue), digitCount: 2))"
    }

    /// The remote span that the headers name; nil if `traceparent` is not valid to the letter.
    ///
    /// Refused are version ff, ids of zeros, upper case, blanks, and, in version 00, anything after the flags. Of a later
    /// version the known fields are read, as the standard asks. A `tracestate` that is not valid is discarded alone.
    public init?(traceparent: some StringProtocol, tracestate: (some StringProtocol)? = String?.none) {
        let bytes = Array(traceparent.utf8)
        guard bytes.count >= 55, [2, 35, 52].allSatisfy({ bytes[$0] == UInt8(ascii: "-") }),
            let version = Hexadecimal.value(of: bytes[0..<2]), version != 0xFF,
            version == 0 ? bytes.count == 55 : bytes.count == 55 || bytes[55] == UInt8(ascii: "-"),
            let traceHigh = Hexadecimal.value(of: bytes[3..<19]), let traceLow = Hexadecimal.value(of: bytes[19..<35]),
            let traceID = TraceID(high: traceHigh, low: traceLow),
            let spanID = Hexadecimal.value(of: bytes[36..<52]).flatMap(SpanID.init),
            let flags = Hexadecimal.value(of: bytes[53..<55])
        else { return nil }
        self.init(
            traceID: traceID,
            spanID: spanID,
            flags: TraceFlags(rawValue: UInt8(flags)).intersection(.known),
            traceState: tracestate.flatMap { TraceState($0) } ?? .empty,
            isRemote: true
        )
    }
}
