import Testing
import Tracing

@testable import OTLP

@Suite struct SpanLimitsTests {
    @Test func `The environment sets each limit, and the general ones where no other is set`() {
        let log = LogRecord()
        let limits = SpanLimits(
            environment: [
                "OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT": "1", "OTEL_SPAN_EVENT_COUNT_LIMIT": "2",
                "OTEL_SPAN_LINK_COUNT_LIMIT": "3", "OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT": "4",
                "OTEL_ATTRIBUTE_COUNT_LIMIT": "5", "OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT": "6",
            ],
            logger: log.logger
        )
        #expect(limits.attributeCount == 1)
        #expect(limits.eventCount == 2)
        #expect(limits.linkCount == 3)
        #expect(limits.attributeCountPerEvent == 4)
        #expect(limits.attributeCountPerLink == 5)
        #expect(limits.attributeValueLength == 6)
        #expect(log.lines.isEmpty)
    }

    @Test(arguments: ["-1", "many", "1.5"]) func `A limit that is no count is warned of and ignored`(text: String) {
        let log = LogRecord()
        let limits = SpanLimits(environment: ["OTEL_SPAN_EVENT_COUNT_LIMIT": text], logger: log.logger)
        #expect(limits == SpanLimits())
        #expect(limits.eventCount == 128)
        #expect(log.lines.count == 1)
    }

    @Test func `Long strings are cut, also in lists, and numbers are not`() {
        var limits = SpanLimits()
        limits.attributeValueLength = 3
        let (kept, droppedCount) = limits.limited(
            ["a": "äöüß", "b": .stringArray(["1234", "12"]), "c": 12345, "d": .stringConvertible(12345)],
            toCount: 128
        )
        #expect(kept == ["a": "äöü", "b": .stringArray(["123", "12"]), "c": 12345, "d": "123"])
        #expect(droppedCount == 0)
    }
}
