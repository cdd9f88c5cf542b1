public import Logging
public import Tracing

/// The swift-distributed-tracing backend of Tapeline: starts spans, and hands those that have ended to a processor.
///
/// Make it the program's with `InstrumentationSystem.bootstrap(_:)`, or pass it on; shut it down before the process
/// ends, or the last spans are lost.
public struct OTLPTracer: Tracer {
    private let processor: any SpanProcessor
    private let sampler: Sampler
    private let limits: SpanLimits
    let propagators: Propagators
    let openSpans = OpenSpans()

    /// - Parameter propagators: what `extract` reads.
    public init(
        processor: any SpanProcessor,
        sampler: Sampler = .standard,
        limits: SpanLimits = SpanLimits(),
        propagators: Propagators = .standard
    ) {
        self.processor = processor
        self.sampler = sampler
        self.limits = limits
        self.propagators = propagators
    }

    /// A tracer that exports each span as soon as it can after its end, in order: see ``QueueingSpanProcessor``.
    public init(
        exporter: any SpanExporter,
        resource: Resource,
        scope: InstrumentationScope,
        sampler: Sampler = .standard,
        limits: SpanLimits = SpanLimits(),
        logger: Logger
    ) {
        self.init(
            processor: QueueingSpanProcessor(exporter: exporter, resource: resource, scope: scope, logger: logger),
            sampler: sampler,
            limits: limits
        )
    }

    /// Starts a span: a child of the span in `context`, or the first of a new trace where there is none.
    public func startSpan<Instant: TracerInstant>(
        _ operationName: String,
        context: @autoclosure () -> ServiceContext,
        ofKind kind: SpanKind,
        at instant: @autoclosure () -> Instant,
        function: String,
        file fileID: String,
        line: UInt
    ) -> OTLPSpan {
        let context = context()
        let parent = context.spanContext
        var generator = SystemRandomNumberGenerator()
        let traceID = parent?.traceID ?? .random(using: &generator)
        var flags = parent?.flags.subtracting(.sampled) ?? []
        if sampler.isSampled(traceID, parent: parent) { flags.insert(.sampled) }
        return startSpan(
            operationName,
            as: SpanContext(
                traceID: traceID,
                spanID: .random(using: &generator),
                flags: flags,
                traceState: parent?.traceState ?? .empty
            ),
            in: context,
            ofKind: kind,
            at: instant()
        )
    }

    /// Starts a span anew under the ids that it already had, as for a process that died before it could end it (DUR-2).
    ///
    /// Nothing is sampled again: it records if `span` says that it was sampled.
    /// - Parameters:
    ///   - span: the ids it had; no two spans may end under the same.
    ///   - context: has the span's parent in it, where there was one.
    public func startSpan(
        _ operationName: String,
        as span: SpanContext,
        in context: ServiceContext = .topLevel,
        ofKind kind: SpanKind = .internal,
        at instant: some TracerInstant
    ) -> OTLPSpan {
        let startTime = instant.nanosecondsSinceEpoch
        return OTLPSpan(
            FinishedSpan(
                context: span,
                parentSpanID: context.spanContext?.spanID,
                isParentRemote: context.spanContext?.isRemote ?? false,
                kind: kind,
                startTime: startTime,
                endTime: startTime,
                name: operationName
            ),
            in: context,
            limits: limits,
            processor: processor,
            openSpans: openSpans
        )
    }

    /// Waits, no longer than `timeout`, until the spans that have ended before this call are exported; ends none.
    public func forceFlush(timeout: Duration) async -> FlushOutcome {
        await processor.forceFlush(timeout: timeout)
    }

    /// Ends the spans that are still open, as failed for that reason, exports what has ended, then lets go of the exporter;
    /// spans that end later are dropped and counted.
    ///
    /// When the first call's `timeout` is over, the export that is going on is cancelled, and what waits is given up, or left
    /// to the next process where it is kept in a store.
    /// May be called again, and at the same time: each call waits for the one shutdown, no longer than its own `timeout`.
    public func shutdown(timeout: Duration) async -> FlushOutcome {
        openSpans.endAll("telemetry was shut down before the span ended")
        return await processor.shutdown(timeout: timeout)
    }

    /// Asks for the spans that have ended to be exported, and returns at once; ``forceFlush(timeout:)`` waits for them.
    public func forceFlush() {
        Task.detached { [processor] in _ = await processor.forceFlush(timeout: .seconds(10)) }
    }
}
