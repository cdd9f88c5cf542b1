public import Tracing

/// A span that has ended: a value that nothing changes any more, as exporters get it.
///
/// Times are nanoseconds since 1970-01-01T00:00:00Z, and `endTime` is never before `startTime`.
public struct FinishedSpan: Sendable {
    /// Something that happened at a moment of the span, with how many of its attributes were over the limit.
    public struct Event: Sendable {
        public let name: String
        public let time: UInt64
        public let attributes: SpanAttributes
        public let droppedAttributeCount: Int
    }

    /// Another span that this one has to do with, without being its child.
    public struct Link: Sendable {
        public let span: SpanContext
        public let attributes: SpanAttributes
        public let droppedAttributeCount: Int
    }

    public let context: SpanContext
    /// nil for the first span of a trace.
    public let parentSpanID: SpanID?
    /// Whether the parent is another process's span.
    public let isParentRemote: Bool
    public let kind: SpanKind
    public let startTime: UInt64
    public internal(set) var endTime: UInt64
    public internal(set) var name: String
    public internal(set) var attributes: SpanAttributes = [:]
    /// In the order in which they were added.
    public internal(set) var events: [Event] = []
    public internal(set) var links: [Link] = []
    /// nil where it was never set.
    public internal(set) var status: SpanStatus?
    public internal(set) var droppedAttributeCount = 0
    public internal(set) var droppedEventCount = 0
    public internal(set) var droppedLinkCount = 0
}
