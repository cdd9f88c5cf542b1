internal import Tracing

/// A span's ids, read the way any backend gives them: by its W3C headers.
struct TraceParent: Hashable, Sendable {
    /// `traceparent` and `tracestate`; empty where nothing is traced.
    let headers: [String: String]
    /// 32 lower-case hex digits.
    let traceID: String?
    /// 16 lower-case hex digits.
    let spanID: String?

    init(headers: [String: String]) {
        self.headers = headers.filter { $0.key == "traceparent" || $0.key == "tracestate" }
        let parts = headers["traceparent"]?.split(separator: "-") ?? []
        traceID = parts.count >= 4 ? String(parts[1]) : nil
        spanID = parts.count >= 4 ? String(parts[2]) : nil
    }

    /// Of the span in `context`.
    init(of context: ServiceContext, _ tracer: any Tracer) {
        var headers: [String: String] = [:]
        tracer.inject(context, into: &headers, using: DictionaryInjector())
        self.init(headers: headers)
    }

    /// As a report tells them; nil where nothing was traced.
    init?(traceID: String?, spanID: String?) {
        guard let traceID, let spanID else { return nil }
        self.init(headers: ["traceparent": "00-\(traceID)-\(spanID)-01"])
    }

    /// For links.
    func context(_ tracer: any Tracer) -> ServiceContext {
        var context = ServiceContext.topLevel
        tracer.extract(headers, into: &context, using: DictionaryExtractor())
        return context
    }

    private struct DictionaryExtractor: Extractor {
        func extract(key: String, from carrier: [String: String]) -> String? { carrier[key.lowercased()] }
    }

    private struct DictionaryInjector: Injector {
        func inject(_ value: String, forKey key: String, into carrier: inout [String: String]) {
            carrier[key.lowercased()] = value
        }
    }
}
