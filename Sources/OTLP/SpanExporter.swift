/// Delivers finished spans to where they are kept: a file, a collector.
public protocol SpanExporter: Sendable {
    /// Delivers all of `batch`, or throws; a caller counts the batch as lost then, so retrying is the exporter's.
    ///
    /// One call at a time is made. It must end by itself, and soon after its task is cancelled.
    func export(_ batch: SpanBatch) async throws

    /// Lets go of what the exporter holds; no call comes after it. Does nothing unless implemented.
    func shutdown() async
}

extension SpanExporter {
    public func shutdown() async {}
}

/// One that can also deliver what was written down earlier, perhaps by another process.
protocol RequestExporter: SpanExporter {
    func export(_ spans: ExportRequest) async throws
}

/// Spans to deliver together, with who produced them.
public struct SpanBatch: Sendable {
    public let resource: Resource
    public let scope: InstrumentationScope
    /// In the order in which they ended; not empty.
    public let spans: [FinishedSpan]

    public init(resource: Resource, scope: InstrumentationScope, spans: [FinishedSpan]) {
        self.resource = resource
        self.scope = scope
        self.spans = spans
    }
}

/// The library that the spans come from.
public struct InstrumentationScope: Hashable, Sendable {
    public let name: String
    public let version: String

    public init(name: String = "tapeline", version: String) {
        self.name = name
        self.version = version
    }
}
