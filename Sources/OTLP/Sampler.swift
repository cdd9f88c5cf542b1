public import Logging

/// Decides which spans are recorded and exported; the others still carry and pass on their ids.
///
/// Names and meaning are OpenTelemetry's. An unsampled span changes nothing about a recording (SPAN-4).
public indirect enum Sampler: Hashable, Sendable {
    case alwaysOn
    case alwaysOff
    /// This share of traces, from 0 (none) to 1 (all), by the last 8 bytes of the trace id, so that every service with
    /// the same ratio keeps the same traces.
    case traceIDRatio(Double)
    /// As the parent was; `root` decides where there is none.
    case parentBased(root: Sampler)

    /// What OpenTelemetry has for a default: all traces, but for those that a caller has not sampled.
    public static let standard = Sampler.parentBased(root: .alwaysOn)

    /// The sampler that `OTEL_TRACES_SAMPLER` and `OTEL_TRACES_SAMPLER_ARG` name, else ``standard``.
    ///
    /// A name or ratio that is not valid is warned of; a ratio then is 1.
    public init(environment: [String: String], logger: Logger) {
        let variables = EnvironmentVariables(environment, logger: logger)
        guard let name = variables.string("OTEL_TRACES_SAMPLER") else {
            self = .standard
            return
        }
        switch name.lowercased() {
        case "always_on": self = .alwaysOn
        case "always_off": self = .alwaysOff
        case "traceidratio": self = .traceIDRatio(Self.ratio(variables))
        case "parentbased_always_on": self = .parentBased(root: .alwaysOn)
        case "parentbased_always_off": self = .parentBased(root: .alwaysOff)
        case "parentbased_traceidratio": self = .parentBased(root: .traceIDRatio(Self.ratio(variables)))
        default:
            variables.ignore(
                "OTEL_TRACES_SAMPLER",
                "use always_on, always_off, traceidratio, or one of these after parentbased_"
            )
            self = .standard
        }
    }

    private static func ratio(_ variables: EnvironmentVariables) -> Double {
        guard let text = variables.string("OTEL_TRACES_SAMPLER_ARG") else { return 1 }
        if let ratio = Double(text), (0...1).contains(ratio) { return ratio }
        variables.ignore("OTEL_TRACES_SAMPLER_ARG", "it should be a number from 0 to 1")
        return 1
    }

    func isSampled(_ traceID: TraceID, parent: SpanContext?) -> Bool {
        switch self {
        case .alwaysOn: true
        case .alwaysOff: false
        // 2^64 itself does not fit, so the whole of 1 is told apart; 0 and NaN sample nothing.
        case .traceIDRatio(let ratio): ratio >= 1 || ratio > 0 && traceID.low < UInt64(ratio * 0x1p64)
        case .parentBased(let root): parent?.isSampled ?? root.isSampled(traceID, parent: nil)
        }
    }
}
