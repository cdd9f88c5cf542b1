public import Tracing

/// W3C Trace Context (https://www.w3.org/TR/trace-context/): a span context as `traceparent` and `tracestate`.
extension SpanContext {
    static let traceparentKey = "traceparent"
    static let tracestateKey = "tracestate"

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

extension OTLPTracer {
    /// Puts the span of `context` into `carrier` as `traceparent`, and `tracestate` where there is any; nothing without a
    /// span.
    public func inject<Carrier, Inject>(_ context: ServiceContext, into carrier: inout Carrier, using injector: Inject)
    where Inject: Injector, Inject.Carrier == Carrier {
        guard let span = context.spanContext else { return }
        injector.inject(span.traceparent, forKey: SpanContext.traceparentKey, into: &carrier)
        if !span.traceState.isEmpty {
            injector.inject(span.traceState.description, forKey: SpanContext.tracestateKey, into: &carrier)
        }
    }

    /// Makes the remote span that `carrier` names the parent of what is started in `context`; leaves `context` as it is
    /// where there is none, or one that is not valid.
    public func extract<Carrier, Extract>(
        _ carrier: Carrier,
        into context: inout ServiceContext,
        using extractor: Extract
    ) where Extract: Extractor, Extract.Carrier == Carrier {
        guard let traceparent = extractor.extract(key: SpanContext.traceparentKey, from: carrier),
            let span = SpanContext(
                traceparent: traceparent,
                tracestate: extractor.extract(key: SpanContext.tracestateKey, from: carrier)
            )
        else { return }
        context.spanContext = span
    }
}
