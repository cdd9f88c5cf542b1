import Logging

/// The variables by which OpenTelemetry is configured, read by its rules.
///
/// An empty value is as none, and one that is not valid is warned of and passed over; telemetry never stops a program.
/// Where several names are given, the first that holds a valid value counts.
/// Source: https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/
struct EnvironmentVariables {
    private let values: [String: String]
    private let logger: Logger

    init(_ values: [String: String], logger: Logger) {
        self.values = values
        self.logger = logger
    }

    func string(_ name: String) -> String? {
        value(of: [name]) { $1 }
    }

    /// A whole number, 0 or more.
    func count(_ names: String...) -> Int? {
        number(of: names, from: 0)
    }

    /// A whole number, 1 or more.
    func positiveCount(_ name: String) -> Int? {
        number(of: [name], from: 1)
    }

    /// Milliseconds.
    func duration(_ name: String) -> Duration? {
        number(of: [name], from: 0).map { .milliseconds($0) }
    }

    /// Milliseconds, where 0 is for ever: a month, which is longer than anything waits.
    func timeout(_ names: [String]) -> Duration? {
        number(of: names, from: 0).map { $0 == 0 ? .seconds(30 * 86400) : .milliseconds($0) }
    }

    /// True by `true` alone, in whatever case.
    func flag(_ name: String) -> Bool {
        let isTrue = value(of: [name]) { name, text -> Bool? in
            switch text.lowercased() {
            case "true": return true
            case "false": return false
            default:
                ignore(name, "it should be true or false")
                return nil
            }
        }
        return isTrue ?? false
    }

    /// One of the values that `choices` has a meaning for.
    func choice<Choice>(_ names: [String], among choices: KeyValuePairs<String, Choice>) -> Choice? {
        value(of: names) { name, text in
            let choice = choices.first { $0.key == text.lowercased() }
            if choice == nil { ignore(name, "use \(choices.map(\.key).joined(separator: " or "))") }
            return choice?.value
        }
    }

    /// The words of a list with commas in between, in lower case, each once; nil for no list.
    func list(_ name: String) -> [String]? {
        guard let text = string(name) else { return nil }
        var words: [String] = []
        for part in text.split(separator: ",") {
            let word = KeyValueList.trimmed(part).lowercased()
            if !words.contains(word) { words.append(word) }
        }
        return words
    }

    /// What `reading` makes of the first variable that it can read; it says why where it cannot.
    func value<Value>(of names: [String], _ reading: (_ name: String, _ text: String) -> Value?) -> Value? {
        for name in names {
            guard let text = values[name], !text.isEmpty else { continue }
            if let value = reading(name, text) { return value }
        }
        return nil
    }

    /// - Parameter isSecret: leaves the value out of the log.
    func ignore(_ name: String, _ fix: String, isSecret: Bool = false) {
        logger.warning("\(name)\(isSecret ? "" : "=\(values[name] ?? "")") is ignored: \(fix)")
    }

    private func number(of names: [String], from least: Int) -> Int? {
        value(of: names) { name, text in
            // More than the standard's greatest number is as good as that.
            if let number = Int(text), number >= least { return min(number, Int(Int32.max)) }
            ignore(name, "it should be a whole number, \(least) or more")
            return nil
        }
    }
}
