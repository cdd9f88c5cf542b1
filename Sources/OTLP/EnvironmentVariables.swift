import Logging

/// The variables by which OpenTelemetry is configured, read by its rules.
///
/// An empty value is as none, and one that is not valid is warned of and passed over; telemetry never stops a program.
/// Source: https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/
struct EnvironmentVariables {
    private let values: [String: String]
    private let logger: Logger

    init(_ values: [String: String], logger: Logger) {
        self.values = values
        self.logger = logger
    }

    func string(_ name: String) -> String? {
        values[name].flatMap { $0.isEmpty ? nil : $0 }
    }

    /// The first of `names` that holds a count of zero or more.
    func count(_ names: String...) -> Int? {
        for name in names {
            guard let text = string(name) else { continue }
            if let count = Int(text), count >= 0 { return count }
            ignore(name, "it should be a whole number, 0 or more")
        }
        return nil
    }

    func ignore(_ name: String, _ fix: String) {
        logger.warning("\(name)=\(values[name] ?? "") is ignored: \(fix)")
    }
}
