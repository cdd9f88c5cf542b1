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

/// A batch as the `ExportTraceServiceRequest` of opentelemetry-proto.
///
/// Its JSON is protobuf's, but for the ids, which are hexadecimal: those of a request for JSON are bytes whose base64 form,
/// which is what protobuf's JSON has for bytes, is the hexadecimal one.
/// Source: https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding
struct ExportRequest {
    private let encoding: OTLPEncoding

    /// The request's bytes.
    static func bytes(_ batch: SpanBatch, _ encoding: OTLPEncoding) throws -> [UInt8] {
        let message = ExportRequest(encoding: encoding).message(batch)
        switch encoding {
        case .protobuf: return try message.serializedBytes()
        case .json: return try message.jsonUTF8Bytes()
        }
    }

    private func message(_ batch: SpanBatch) -> Otlp_ExportTraceServiceRequest {
        .with {
            $0.resourceSpans = [
                .with {
                    $0.resource.attributes = batch.resource.attributes.keyValues
                    $0.scopeSpans = [
                        .with {
                            $0.scope.name = batch.scope.name
                            $0.scope.version = batch.scope.version
                            $0.spans = batch.spans.map(message)
                        }
                    ]
                }
            ]
        }
    }

    private func message(_ span: FinishedSpan) -> Otlp_Span {
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

    private func message(_ event: FinishedSpan.Event) -> Otlp_Span.Event {
        .with {
            $0.timeUnixNano = event.time
            $0.name = event.name
            $0.attributes = event.attributes.keyValues
            $0.droppedAttributesCount = UInt32(clamping: event.droppedAttributeCount)
        }
    }

    private func message(_ link: FinishedSpan.Link) -> Otlp_Span.Link {
        .with {
            $0.traceID = bytes(link.span.traceID.high, link.span.traceID.low)
            $0.spanID = bytes(link.span.spanID.value)
            $0.traceState = link.span.traceState.description
            $0.attributes = link.attributes.keyValues
            $0.droppedAttributesCount = UInt32(clamping: link.droppedAttributeCount)
            $0.flags = link.span.flags.withRemoteness(link.span.isRemote)
        }
    }

    private func bytes(_ words: UInt64...) -> Data {
        switch encoding {
        case .protobuf:
            Data(words.flatMap { word in stride(from: 56, through: 0, by: -8).map { UInt8(word >> $0 & 0xFF) } })
        case .json: Data(base64Encoded: words.map { Hexadecimal.digits(of: $0) }.joined()) ?? Data()
        }
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
