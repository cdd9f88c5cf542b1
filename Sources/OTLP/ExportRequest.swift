import FoundationEssentials
import Messages
import SwiftProtobuf
import Tracing

/// How an export request is written.
public enum OTLPEncoding: Hashable, Sendable {
    case protobuf
    case json

    /// Its media type.
    public var contentType: String {
        switch self {
        case .protobuf: "application/x-protobuf"
        case .json: "application/json"
        }
    }
}

/// Spans as they go out: the `ExportTraceServiceRequest` of opentelemetry-proto.
struct ExportRequest: Sendable {
    private var message: Otlp_ExportTraceServiceRequest

    init(_ batch: SpanBatch) {
        message = .with {
            $0.resourceSpans = [
                .with {
                    $0.resource.attributes = batch.resource.attributes.keyValues
                    $0.scopeSpans = [
                        .with {
                            $0.scope.name = batch.scope.name
                            $0.scope.version = batch.scope.version
                            $0.spans = batch.spans.map(Self.message)
                        }
                    ]
                }
            ]
        }
    }

    /// What was kept as protobuf; nil where that is damaged.
    init?(_ kept: KeptSpans) {
        do {
            message = try Otlp_ExportTraceServiceRequest(serializedBytes: kept.request)
        } catch {
            return nil
        }
        let isWhole = spans.allSatisfy { $0.traceID.count == 16 && $0.spanID.count == 8 }
        guard isWhole, spanCount == kept.spanCount else { return nil }
    }

    var spans: [Otlp_Span] { message.resourceSpans.flatMap { $0.scopeSpans.flatMap(\.spans) } }

    var spanCount: Int { spans.count }

    /// Has the other's spans go along, behind those that are there.
    mutating func append(_ other: ExportRequest) {
        message.resourceSpans += other.message.resourceSpans
    }

    func bytes(_ encoding: OTLPEncoding) throws -> [UInt8] {
        switch encoding {
        case .protobuf: try message.serializedBytes()
        case .json: try withHexadecimalIDs.jsonUTF8Bytes()
        }
    }

    /// OTLP's JSON is protobuf's, but for the ids, which are hexadecimal: these are bytes whose base64 form, which is what
    /// protobuf's JSON has for bytes, is the hexadecimal one.
    /// Source: https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding
    private var withHexadecimalIDs: Otlp_ExportTraceServiceRequest {
        func hexadecimal(_ id: Data) -> Data {
            let digits = id.map { Hexadecimal.digits(of: UInt64($0), digitCount: 2) }.joined()
            return Data(base64Encoded: digits) ?? Data()
        }
        var changed = message
        for resource in changed.resourceSpans.indices {
            for scope in changed.resourceSpans[resource].scopeSpans.indices {
                changed.resourceSpans[resource].scopeSpans[scope].spans =
                    changed.resourceSpans[resource].scopeSpans[scope].spans.map { span in
                        var span = span
                        span.traceID = hexadecimal(span.traceID)
                        span.spanID = hexadecimal(span.spanID)
                        span.parentSpanID = hexadecimal(span.parentSpanID)
                        for link in span.links.indices {
                            span.links[link].traceID = hexadecimal(span.links[link].traceID)
                            span.links[link].spanID = hexadecimal(span.links[link].spanID)
                        }
                        return span
                    }
            }
        }
        return changed
    }

    private static func message(_ span: FinishedSpan) -> Otlp_Span {
        .with {
            $0.traceID = bytes(span.context.traceID.high, span.context.traceID.low)
            $0.spanID = bytes(span.context.spanID.value)
            $0.traceState = span.context.traceState.description
            $0.parentSpanID = span.parentSpanID.map { bytes($0.value) } ?? Data()
            $0.flags = span.context.flags.withRemoteness(span.isParentRemote)
            $0.name = span.name
            $0.kind = span.kind.number
            $0.startTimeUnixNano = span.startTime
            $0.endTimeUnixNano = span.endTime
            $0.attributes = span.attributes.keyValues
            $0.droppedAttributesCount = UInt32(clamping: span.droppedAttributeCount)
            $0.events = span.events.map(message)
            $0.droppedEventsCount = UInt32(clamping: span.droppedEventCount)
            $0.links = span.links.map(message)
            $0.droppedLinksCount = UInt32(clamping: span.droppedLinkCount)
            if let status = span.status {
                $0.status.code = status.code == .ok ? 1 : 2
                $0.status.message = status.message ?? ""
            }
        }
    }

    private static func message(_ event: FinishedSpan.Event) -> Otlp_Span.Event {
        .with {
            $0.timeUnixNano = event.time
            $0.name = event.name
            $0.attributes = event.attributes.keyValues
            $0.droppedAttributesCount = UInt32(clamping: event.droppedAttributeCount)
        }
    }

    private static func message(_ link: FinishedSpan.Link) -> Otlp_Span.Link {
        .with {
            $0.traceID = bytes(link.span.traceID.high, link.span.traceID.low)
            $0.spanID = bytes(link.span.spanID.value)
            $0.traceState = link.span.traceState.description
            $0.attributes = link.attributes.keyValues
            $0.droppedAttributesCount = UInt32(clamping: link.droppedAttributeCount)
            $0.flags = link.span.flags.withRemoteness(link.span.isRemote)
        }
    }

    private static func bytes(_ words: UInt64...) -> Data {
        Data(words.flatMap { word in stride(from: 56, through: 0, by: -8).map { UInt8(word >> $0 & 0xFF) } })
    }
}

extension SpanKind {
    fileprivate var number: Int32 {
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
