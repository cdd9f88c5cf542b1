import HTTP
public import Logging
public import Tracing

/// Telemetry as the standard `OTEL_*` variables configure it: to a collector, to a file, or nowhere.
///
/// Without an endpoint, spans go to a file as OTLP JSON lines (SPAN-5). Whatever is not valid is warned of and ignored.
/// Source: https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/
public struct OTLPConfiguration: Sendable {
    /// Where spans go.
    public enum Destination: Hashable, Sendable {
        /// `OTEL_SDK_DISABLED` is true, or `OTEL_TRACES_EXPORTER` is `none`.
        case nowhere
        case file(path: String)
        case collector(OTLPHTTPOptions)
    }

    public var destination: Destination
    public var sampler: Sampler
    public var limits: SpanLimits
    /// For a collector; a file gets each span at once.
    public var batching: SpanBatching
    public var propagators: Propagators
    public var resource: Resource
    /// What the process that started this one passed on, to be current where a span should be the child of its span.
    public var parent: ServiceContext
    private let version: String
    private let logger: Logger

    /// - Parameters:
    ///   - spansFilePath: where spans go if no endpoint is set.
    ///   - version: of the program.
    public init(environment: [String: String], spansFilePath: String, version: String, logger: Logger) {
        let variables = EnvironmentVariables(environment, logger: logger)
        propagators = Propagators(environment: environment, logger: logger)
        parent = ServiceContext(environment: environment, propagators: propagators)
        resource = .detected(environment: environment, version: version, logger: logger)
        limits = SpanLimits(environment: environment, logger: logger)
        batching = SpanBatching(environment: environment, logger: logger)
        if variables.flag("OTEL_SDK_DISABLED") {
            (destination, sampler) = (.nowhere, .alwaysOff)
        } else {
            sampler = Sampler(environment: environment, logger: logger)
            if !Self.isExporting(variables) {
                destination = .nowhere
            } else if let options = OTLPHTTPOptions(environment: environment, logger: logger) {
                destination = .collector(options)
            } else {
                destination = .file(path: spansFilePath)
            }
        }
        self.version = version
        self.logger = logger
    }

    /// By `OTEL_TRACES_EXPORTER`; what it lists besides `otlp` and `none` is not known here.
    private static func isExporting(_ variables: EnvironmentVariables) -> Bool {
        let name = "OTEL_TRACES_EXPORTER"
        let listed = variables.list(name) ?? []
        let known = listed.filter { exporter in
            if exporter == "otlp" || exporter == "none" { return true }
            variables.ignore(name, "\(exporter) is not among otlp and none")
            return false
        }
        return known != ["none"]
    }

    /// The tracer of all this, to be shut down before the process ends.
    ///
    /// - Parameter store: keeps spans until the collector accepts them. What is in it already goes to where spans go now, be
    ///   it another collector or a file, and stays where they go nowhere.
    /// - Throws: where the file cannot be made.
    public func makeTracer(keepingIn store: (any SpanStore)? = nil) throws(SpansFileError) -> OTLPTracer {
        OTLPTracer(
            processor: try makeProcessor(keepingIn: store),
            sampler: sampler,
            limits: limits,
            propagators: propagators
        )
    }

    private func makeProcessor(keepingIn store: (any SpanStore)?) throws(SpansFileError) -> any SpanProcessor {
        switch destination {
        case .nowhere: return NoSpanProcessor()
        case .file(let path):
            let exporter = try JSONLinesFileExporter(path: path)
            let queue = processor(exporter, .atOnce)
            guard let store = store.map(SpanStoreAccess.init) else { return queue }
            // A line in the file is on the disk, too.
            return KeepingSpanProcessor(queue, delivery(from: store, by: exporter), of: store)
        case .collector(let options):
            let exporter = OTLPHTTPExporter(options, version: version, logger: logger)
            guard let store = store.map(SpanStoreAccess.init) else { return processor(exporter, batching) }
            let delivery = delivery(from: store, by: exporter)
            let keeping = KeepingSpanExporter(store: store, delivery: delivery, exporter: exporter, logger: logger)
            var batching = batching
            batching.delay = .zero
            return KeepingSpanProcessor(processor(keeping, batching), delivery, of: store)
        }
    }

    private func delivery(from store: SpanStoreAccess, by exporter: any RequestExporter) -> SpanDelivery {
        SpanDelivery(from: store, by: exporter, batching: batching, logger: logger, clock: ContinuousClock())
    }

    private func processor(_ exporter: any SpanExporter, _ batching: SpanBatching) -> QueueingSpanProcessor {
        QueueingSpanProcessor(
            exporter: exporter,
            resource: resource,
            scope: InstrumentationScope(version: version),
            batching: batching,
            logger: logger
        )
    }
}

extension OTLPConfiguration.Destination: CustomStringConvertible {
    /// For a sentence; without secrets.
    public var description: String {
        switch self {
        case .nowhere: "nowhere"
        case .file(let path): path
        case .collector(let options): options.url.withoutQuery
        }
    }
}

/// Takes spans, and keeps none.
private struct NoSpanProcessor: SpanProcessor {
    func spanEnded(_ span: FinishedSpan) {}
    func forceFlush(timeout: Duration) async -> FlushOutcome { .complete }
    func shutdown(timeout: Duration) async -> FlushOutcome { .complete }
}
