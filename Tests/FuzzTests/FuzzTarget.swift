/// Parsers of bytes that come from elsewhere, in the groups that are fuzzed each on its own.
///
/// They may refuse any bytes, and must not crash, go on without end, or contradict themselves.
enum FuzzTarget: String, CaseIterable, Sendable {
    /// What processes that died left: files of each container.
    case repair
    /// What servers answer: HTTP, XML, protobuf and JSON.
    case answers
    /// What users write: URLs of exporters, files of headers and credentials, variables.
    case configuration
    /// What other programs and earlier runs wrote: reports, journals, names.
    case documents
    /// The state folder's database: damaged files, and rows of any kind.
    case database

    /// Small valid inputs to begin with, made by the code that is fuzzed.
    var seeds: [[UInt8]] {
        get throws {
            switch self {
            case .repair: try RepairFuzz.seeds
            case .answers: try AnswersFuzz.seeds
            case .configuration: ConfigurationFuzz.seeds
            case .documents: try DocumentsFuzz.seeds
            case .database: try DatabaseFuzz.seeds
            }
        }
    }

    /// - Throws: `Contradiction`, or what a valid input must not lead to.
    func run(_ bytes: [UInt8]) throws {
        switch self {
        case .repair: try RepairFuzz.run(bytes)
        case .answers: try AnswersFuzz.run(bytes)
        case .configuration: try ConfigurationFuzz.run(bytes)
        case .documents: try DocumentsFuzz.run(bytes)
        case .database: try DatabaseFuzz.run(bytes)
        }
    }
}

/// What must hold whatever the bytes are, and did not.
struct Contradiction: Error, CustomStringConvertible {
    let description: String

    static func unless(_ holds: Bool, _ what: @autoclosure () -> String) throws(Contradiction) {
        guard holds else { throw Contradiction(description: what()) }
    }

    /// Whether a sentence may be shown on a terminal and in a log.
    static func unlessShowable(_ text: String) throws(Contradiction) {
        let isShowable = text.unicodeScalars.allSatisfy { $0.properties.generalCategory != .control }
        try unless(isShowable, "a sentence with a control character: \(text.debugDescription)")
    }
}
