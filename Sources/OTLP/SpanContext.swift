public import Tracing

/// What identifies a span across processes: the part of it that is passed on, by W3C Trace Context.
///
/// Every span of ``OTLPTracer`` has one, sampled or not; read it from `span.context.spanContext`.
public struct SpanContext: Hashable, Sendable {
    public let traceID: TraceID
    public let spanID: SpanID
    public let flags: TraceFlags
    public let traceState: TraceState
    /// Whether it came from another process, so that its span is not one of ours.
    public let isRemote: Bool

    public init(
        traceID: TraceID,
        spanID: SpanID,
        flags: TraceFlags = .sampled,
        traceState: TraceState = .empty,
        isRemote: Bool = false
    ) {
        self.traceID = traceID
        self.spanID = spanID
        self.flags = flags
        self.traceState = traceState
        self.isRemote = isRemote
    }

    /// Whether the span is recorded and exported.
    public var isSampled: Bool { flags.contains(.sampled) }
}

/// The flags of W3C Trace Context that have a meaning; others are cleared on the way in, as the standard asks.
public struct TraceFlags: OptionSet, Hashable, Sendable {
    public let rawValue: UInt8

    public init(rawValue: UInt8) {
        self.rawValue = rawValue
    }

    /// The sender may have recorded its span.
    public static let sampled = TraceFlags(rawValue: 0x01)
    /// The right-most 7 bytes of the trace id are random (level 2 of the standard).
    public static let random = TraceFlags(rawValue: 0x02)

    static let known: TraceFlags = [.sampled, .random]
}

extension ServiceContext {
    /// The span that this context belongs to, whose children are the spans started in it; nil outside of any.
    public var spanContext: SpanContext? {
        get { self[SpanContextKey.self] }
        set { self[SpanContextKey.self] = newValue }
    }
}

private enum SpanContextKey: ServiceContextKey {
    typealias Value = SpanContext
    static var nameOverride: String? { "otlp-span-context" }
}
