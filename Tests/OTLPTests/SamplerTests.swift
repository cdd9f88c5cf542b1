import Testing

@testable import OTLP

@Suite struct SamplerTests {
    @Test(arguments: [
        ([:], Sampler.parentBased(root: .alwaysOn)),
        (["OTEL_TRACES_SAMPLER": ""], .parentBased(root: .alwaysOn)),
        (["OTEL_TRACES_SAMPLER": "always_on"], .alwaysOn),
        (["OTEL_TRACES_SAMPLER": "Always_Off"], .alwaysOff),
        (["OTEL_TRACES_SAMPLER": "traceidratio"], .traceIDRatio(1)),
        (["OTEL_TRACES_SAMPLER": "traceidratio", "OTEL_TRACES_SAMPLER_ARG": "0.25"], .traceIDRatio(0.25)),
        (["OTEL_TRACES_SAMPLER": "parentbased_always_on"], .parentBased(root: .alwaysOn)),
        (["OTEL_TRACES_SAMPLER": "parentbased_always_off"], .parentBased(root: .alwaysOff)),
        (
            ["OTEL_TRACES_SAMPLER": "parentbased_traceidratio", "OTEL_TRACES_SAMPLER_ARG": "0"],
            .parentBased(root: .traceIDRatio(0))
        ),
    ])
    func `The environment names the sampler`(environment: [String: String], sampler: Sampler) {
        let log = LogRecord()
        #expect(Sampler(environment: environment, logger: log.logger) == sampler)
        #expect(log.lines.isEmpty)
    }

    @Test(arguments: ["2", "-0.1", "half", "nan", "inf"])
    func `A ratio that is none is warned of and is 1`(ratio: String) {
        let log = LogRecord()
        let environment = ["OTEL_TRACES_SAMPLER": "traceidratio", "OTEL_TRACES_SAMPLER_ARG": ratio]
        #expect(Sampler(environment: environment, logger: log.logger) == .traceIDRatio(1))
        #expect(
            log.lines == ["warning: OTEL_TRACES_SAMPLER_ARG=\(ratio) is ignored: it should be a number from 0 to 1"]
        )
    }

    @Test func `A sampler that is not known is warned of and is the standard one`() {
        let log = LogRecord()
        #expect(Sampler(environment: ["OTEL_TRACES_SAMPLER": "xray"], logger: log.logger) == .standard)
        #expect(log.lines.count == 1)
    }

    @Test func `A ratio decides by the last 8 bytes of the trace id, at the exact bound`() throws {
        let below = try #require(TraceID(hex: "ffffffffffffffff3fffffffffffffff"))
        let bound = try #require(TraceID(hex: "00000000000000004000000000000000"))
        let last = try #require(TraceID(hex: "0000000000000001ffffffffffffffff"))
        let zero = try #require(TraceID(hex: "00000000000000010000000000000000"))
        #expect(Sampler.traceIDRatio(0.25).isSampled(below, parent: nil))
        #expect(!Sampler.traceIDRatio(0.25).isSampled(bound, parent: nil))
        #expect(Sampler.traceIDRatio(1).isSampled(last, parent: nil))
        #expect(!Sampler.traceIDRatio(0).isSampled(zero, parent: nil))
        #expect(!Sampler.traceIDRatio(.nan).isSampled(zero, parent: nil))
    }

    @Test func `A parent decides for a parent-based sampler, and for no other`() throws {
        let sampled = try #require(SpanContext.remote)
        let unsampled = SpanContext(traceID: sampled.traceID, spanID: sampled.spanID, flags: [])
        #expect(Sampler.parentBased(root: .alwaysOff).isSampled(sampled.traceID, parent: sampled))
        #expect(!Sampler.parentBased(root: .alwaysOn).isSampled(sampled.traceID, parent: unsampled))
        #expect(Sampler.parentBased(root: .alwaysOn).isSampled(sampled.traceID, parent: nil))
        #expect(Sampler.alwaysOn.isSampled(sampled.traceID, parent: unsampled))
        #expect(!Sampler.alwaysOff.isSampled(sampled.traceID, parent: sampled))
    }
}
