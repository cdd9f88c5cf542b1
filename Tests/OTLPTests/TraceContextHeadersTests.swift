import Testing
import Tracing

@testable import OTLP

// SPAN-5
@Suite struct TraceContextHeadersTests {
    static let valid = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

    private struct Headers: Injector, Extractor {
        func inject(_ value: String, forKey key: String, into carrier: inout [String: String]) { carrier[key] = value }
        func extract(key: String, from carrier: [String: String]) -> String? { carrier[key] }
    }

    private let tracer = OTLPTracer(processor: ProbeProcessor())

    @Test func `A valid traceparent is read to the byte and written back the same`() throws {
        let span = try #require(SpanContext(traceparent: Self.valid))
        #expect(span.traceID.high == 0x0af7_6519_16cd_43dd)
        #expect(span.traceID.low == 0x8448_eb21_1c80_319c)
        #expect(span.spanID.value == 0xb7ad_6b71_6920_3331)
        #expect(span.traceID.hex == "0af7651916cd43dd8448eb211c80319c")
        #expect(span.spanID.hex == "b7ad6b7169203331")
        #expect(span.isSampled)
        #expect(span.isRemote)
        #expect(span.traceparent == Self.valid)
    }

    @Test(arguments: [
        ("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00", "00"),
        ("00-0000000000000000000000000000000a-000000000000000b-01", "01"),
        // Flags without a meaning are cleared.
        ("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-ff", "03"),
        ("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-fe", "02"),
        // A later version, alone and with fields to come.
        ("01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "01"),
        ("cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-what-the-future-will-be-like", "01"),
        ("cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-", "01"),
    ])
    func `Valid traceparents are taken, in version 00`(header: String, flags: String) throws {
        let span = try #require(SpanContext(traceparent: header))
        #expect(span.traceparent == "00-" + header.dropFirst(3).prefix(50) + flags)
    }

    @Test(arguments: [
        "",
        "00",
        "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "00-00000000000000000000000000000000-b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
        "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319c-B7AD6B7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0A",
        "0A-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319g-b7ad6b7169203331-01",
        "00-+af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319-b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b716920333-01",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-1",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-011",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-extra",
        "cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01.extra",
        "00_0af7651916cd43dd8448eb211c80319c_b7ad6b7169203331_01",
        " 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01 ",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-é",
    ])
    func `Malformed traceparents are refused, and leave the context as it is`(header: String) {
        #expect(SpanContext(traceparent: header) == nil)
        var context = ServiceContext.topLevel
        tracer.extract(["traceparent": header, "tracestate": "a=1"], into: &context, using: Headers())
        #expect(context.isEmpty)
    }

    @Test func `What was extracted is the parent of a span, and its trace state is injected again`() throws {
        var context = ServiceContext.topLevel
        tracer.extract(
            ["traceparent": Self.valid, "tracestate": "congo=t61rcWkgMzE, ,rojo=00f067aa0ba902b7"],
            into: &context,
            using: Headers()
        )
        let span = tracer.startSpan("a", context: context)
        var headers: [String: String] = [:]
        tracer.inject(span.context, into: &headers, using: Headers())
        #expect(
            headers == [
                "traceparent": "00-0af7651916cd43dd8448eb211c80319c-\(span.spanContext.spanID.hex)-01",
                "tracestate": "congo=t61rcWkgMzE,rojo=00f067aa0ba902b7",
            ]
        )
    }

    @Test func `A trace state that does not parse is dropped and the parent kept`() {
        var context = ServiceContext.topLevel
        tracer.extract(["traceparent": Self.valid, "tracestate": "no equals"], into: &context, using: Headers())
        #expect(context.spanContext == SpanContext.remote)
    }

    @Test func `Without a span nothing is injected`() {
        var headers: [String: String] = [:]
        tracer.inject(.topLevel, into: &headers, using: Headers())
        #expect(headers.isEmpty)
    }
}
