public import Tracing

/// The names under which contexts are passed on.
private enum Field {
    static let traceparent = "traceparent"
    static let tracestate = "tracestate"
    static let baggage = "baggage"
}

extension OTLPTracer {
    /// Puts the span of `context` into `carrier` as `traceparent`, and `tracestate` where there is any, and its baggage as
    /// `baggage`; nothing of what it does not have.
    public func inject<Carrier, Inject>(_ context: ServiceContext, into carrier: inout Carrier, using injector: Inject)
    where Inject: Injector, Inject.Carrier == Carrier {
        if let span = context.spanContext {
            injector.inject(span.traceparent, forKey: Field.traceparent, into: &carrier)
            if !span.traceState.isEmpty {
                injector.inject(span.traceState.description, forKey: Field.tracestate, into: &carrier)
            }
        }
        if let baggage = context.baggage?.description, !baggage.isEmpty {
            injector.inject(baggage, forKey: Field.baggage, into: &carrier)
        }
    }

    /// Makes the remote span that `carrier` names the parent of what is started in `context`, and takes its baggage over, as
    /// far as the tracer's propagators read them; leaves `context` as it is where there is none, or none that is valid.
    public func extract<Carrier, Extract>(
        _ carrier: Carrier,
        into context: inout ServiceContext,
        using extractor: Extract
    ) where Extract: Extractor, Extract.Carrier == Carrier {
        propagators.extract(from: { extractor.extract(key: $0, from: carrier) }, into: &context)
    }
}

extension ServiceContext {
    /// What the process that started this one passed on: a parent by `TRACEPARENT` and `TRACESTATE`, and `BAGGAGE`.
    ///
    /// Source: https://opentelemetry.io/docs/specs/otel/context/env-carriers/
    public init(environment: [String: String], propagators: Propagators = .standard) {
        self = .topLevel
        propagators.extract(from: { environment[$0.uppercased()] }, into: &self)
    }
}

extension Propagators {
    fileprivate func extract(from value: (String) -> String?, into context: inout ServiceContext) {
        if contains(.traceContext), let traceparent = value(Field.traceparent),
            let span = SpanContext(traceparent: traceparent, tracestate: value(Field.tracestate))
        {
            context.spanContext = span
        }
        if contains(.baggage), let header = value(Field.baggage) {
            let baggage = Baggage(header)
            if !baggage.members.isEmpty { context.baggage = baggage }
        }
    }
}
