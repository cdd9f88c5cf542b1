import Tracing

/// A batch as OTLP JSON: the `ExportTraceServiceRequest` of opentelemetry-proto in its JSON mapping.
///
/// By that mapping ids are hexadecimal, 64-bit integers are decimal strings, enumerations are numbers, and what is empty
/// is left out. Source: https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding
struct ExportRequest: Encodable {
    let resourceSpans: [ResourceSpans]

    struct ResourceSpans: Encodable {
        let resource: [String: [KeyValue]]
        let scopeSpans: [ScopeSpans]
    }

    struct ScopeSpans: Encodable {
        let scope: [String: String]
        let spans: [Span]
    }

    struct Span: Encodable {
        let traceId: String
        let spanId: String
        let traceState: String?
        let parentSpanId: String?
        let flags: UInt32
        let name: String
        let kind: Int
        let startTimeUnixNano: String
        let endTimeUnixNano: String
        let attributes: [KeyValue]?
        let droppedAttributesCount: Int?
        let events: [Event]?
        let droppedEventsCount: Int?
        let links: [Link]?
        let droppedLinksCount: Int?
        let status: Status?
    }

    struct Event: Encodable {
        let timeUnixNano: String
        let name: String
        let attributes: [KeyValue]?
        let droppedAttributesCount: Int?
    }

    struct Link: Encodable {
        let traceId: String
        let spanId: String
        let traceState: String?
        let attributes: [KeyValue]?
        let droppedAttributesCount: Int?
        let flags: UInt32
    }

    struct Status: Encodable {
        let message: String?
        let code: Int
    }

    init(_ batch: SpanBatch) {
        resourceSpans = [
            ResourceSpans(
                resource: ["attributes": KeyValue.list(batch.resource.attributes) ?? []],
                scopeSpans: [
                    ScopeSpans(
                        scope: ["name": batch.scope.name, "version": batch.scope.version],
                        spans: batch.spans.map(Span.init)
                    )
                ]
            )
        ]
    }
}

extension ExportRequest.Span {
    init(_ span: FinishedSpan) {
        traceId = span.context.traceID.hex
        spanId = span.context.spanID.hex
        traceState = span.context.traceState.headerUnlessEmpty
        parentSpanId = span.parentSpanID?.hex
        flags = span.context.flags.withRemoteness(span.isParentRemote)
        name = span.name
        kind = span.kind.number
        startTimeUnixNano = String(span.startTime)
        endTimeUnixNano = String(span.endTime)
        attributes = KeyValue.list(span.attributes)
        droppedAttributesCount = span.droppedAttributeCount.unlessZero
        events = span.events.isEmpty ? nil : span.events.map(ExportRequest.Event.init)
        droppedEventsCount = span.droppedEventCount.unlessZero
        links = span.links.isEmpty ? nil : span.links.map(ExportRequest.Link.init)
        droppedLinksCount = span.droppedLinkCount.unlessZero
        status = span.status.map { .init(message: $0.message, code: $0.code == .ok ? 1 : 2) }
    }
}

extension ExportRequest.Event {
    init(_ event: FinishedSpan.Event) {
        timeUnixNano = String(event.time)
        name = event.name
        attributes = KeyValue.list(event.attributes)
        droppedAttributesCount = event.droppedAttributeCount.unlessZero
    }
}

extension ExportRequest.Link {
    init(_ link: FinishedSpan.Link) {
        traceId = link.span.traceID.hex
        spanId = link.span.spanID.hex
        traceState = link.span.traceState.headerUnlessEmpty
        attributes = KeyValue.list(link.attributes)
        droppedAttributesCount = link.droppedAttributeCount.unlessZero
        flags = link.span.flags.withRemoteness(link.span.isRemote)
    }
}

extension SpanKind {
    fileprivate var number: Int {
        switch self {
        case .internal: 1
        case .server: 2
        case .client: 3
        case .producer: 4
        case .consumer: 5
        }
    }
}

extension TraceFlags {
    /// The lower 8 bits are W3C's; bit 8 says that bit 9, whether the span meant is remote, is known.
    fileprivate func withRemoteness(_ isRemote: Bool) -> UInt32 {
        UInt32(rawValue) | 0x100 | (isRemote ? 0x200 : 0)
    }
}

extension TraceState {
    fileprivate var headerUnlessEmpty: String? { isEmpty ? nil : description }
}

extension Int {
    fileprivate var unlessZero: Int? { self == 0 ? nil : self }
}
