public import Logging

/// What is read of what other processes pass on; what a context holds always goes out.
public struct Propagators: OptionSet, Hashable, Sendable {
    public let rawValue: UInt8

    public init(rawValue: UInt8) {
        self.rawValue = rawValue
    }

    /// W3C Trace Context: whose child a span is.
    public static let traceContext = Propagators(rawValue: 1)
    /// W3C Baggage.
    public static let baggage = Propagators(rawValue: 2)

    /// OpenTelemetry's default: both.
    public static let standard: Propagators = [.traceContext, .baggage]

    /// What `OTEL_PROPAGATORS` lists, else ``standard``; a name that is not known is warned of and passed over.
    public init(environment: [String: String], logger: Logger) {
        let variables = EnvironmentVariables(environment, logger: logger)
        var known: [Propagators] = []
        for name in variables.list("OTEL_PROPAGATORS") ?? [] {
            switch name {
            case "tracecontext": known.append(.traceContext)
            case "baggage": known.append(.baggage)
            case "none": known.append([])
            default: variables.ignore("OTEL_PROPAGATORS", "\(name) is not among tracecontext, baggage and none")
            }
        }
        self = known.isEmpty ? .standard : Propagators(known)
    }
}
