public import Logging
import Tracing

/// How much one span may hold, so that a mistake in a loop does not eat the memory of the machine.
///
/// What is over a limit is dropped and counted on the span. Defaults are OpenTelemetry's.
public struct SpanLimits: Hashable, Sendable {
    public var attributeCount = 128
    public var eventCount = 128
    public var linkCount = 128
    public var attributeCountPerEvent = 128
    public var attributeCountPerLink = 128
    /// In characters; longer strings are cut. No limit where nil.
    public var attributeValueLength: Int?

    public init() {}

    /// The limits that the `OTEL_*_LIMIT` variables set; a value that is not a count is warned of and ignored.
    public init(environment: [String: String], logger: Logger) {
        let variables = EnvironmentVariables(environment, logger: logger)
        let anyCount = "OTEL_ATTRIBUTE_COUNT_LIMIT"
        attributeCount = variables.count("OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT", anyCount) ?? attributeCount
        eventCount = variables.count("OTEL_SPAN_EVENT_COUNT_LIMIT") ?? eventCount
        linkCount = variables.count("OTEL_SPAN_LINK_COUNT_LIMIT") ?? linkCount
        attributeCountPerEvent = variables.count("OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT", anyCount) ?? attributeCountPerEvent
        attributeCountPerLink = variables.count("OTEL_LINK_ATTRIBUTE_COUNT_LIMIT", anyCount) ?? attributeCountPerLink
        attributeValueLength = variables.count(
            "OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT",
            "OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT"
        )
    }

    /// `attributes` with long strings cut and at most `count` of them left, and how many were dropped.
    ///
    /// Keys of `earlier` stay before new ones, as if each had been set in its turn; new ones go in alphabetical order.
    func limited(
        _ attributes: SpanAttributes,
        toCount count: Int,
        keeping earlier: SpanAttributes = [:]
    ) -> (kept: SpanAttributes, droppedCount: Int) {
        guard attributes.count > count || attributeValueLength != nil else { return (attributes, 0) }
        var all: [(key: String, value: SpanAttribute)] = []
        attributes.forEach { all.append(($0, $1)) }
        all.sort { left, right in
            let (leftIsNew, rightIsNew) = (earlier.get(left.key) == nil, earlier.get(right.key) == nil)
            return leftIsNew == rightIsNew ? left.key < right.key : rightIsNew
        }
        var kept: SpanAttributes = [:]
        for (key, value) in all.prefix(count) {
            kept.set(key, value: shortened(value))
        }
        return (kept, max(0, all.count - count))
    }

    private func shortened(_ value: SpanAttribute) -> SpanAttribute {
        guard let length = attributeValueLength else { return value }
        switch value {
        case .string(let text): return .string(String(text.prefix(length)))
        case .stringArray(let texts): return .stringArray(texts.map { String($0.prefix(length)) })
        case .stringConvertible(let text): return .string(String(text.description.prefix(length)))
        case .stringConvertibleArray(let texts):
            return .stringArray(texts.map { String($0.description.prefix(length)) })
        default: return value
        }
    }
}
