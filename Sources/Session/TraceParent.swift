internal import Tracing

/// A span's ids, read the way any backend gives them: by its W3C `traceparent` header.
struct TraceParent: Hashable, Sendable {
    /// 32 lower-case hex digits.
    var traceID: String?
    /// 16 lower-case hex digits.
    var spanID: String?

    init(of span: any Span, _ tracer: any Tracer) {
        var headers: [String: String] = [:]
        tracer.inject(span.context, into: &headers, using: DictionaryInjector())
        guard let parts = headers["traceparent"]?.split(separator: "-"), parts.count >= 4 else { return }
        traceID = String(parts[1])
        spanID = String(parts[2])
    }

    private struct DictionaryInjector: Injector {
        func inject(_ value: String, forKey key: String, into carrier: inout [String: String]) {
            carrier[key.lowercased()] = value
        }
    }
}
