import FoundationEssentials

/// What a target's template may name, and what is put in for one recording.
struct RecordingPlaceholders {
    static let names = ["recording_id", "session_id", "ext", "host", "yyyy", "mm", "dd"]

    private let values: [String: String]

    /// `{yyyy}`, `{mm}` and `{dd}` are the recording's first day, in UTC.
    init(of recording: SessionRecording, fileExtension: String, startedAt: Double) {
        let style = Date.ISO8601FormatStyle().year().month().day()
        let day = Date(timeIntervalSince1970: startedAt).formatted(style).split(separator: "-").map(String.init)
        values = [
            "recording_id": recording.recordingID, "session_id": recording.sessionID, "ext": fileExtension,
            "host": ProcessInfo.processInfo.hostName, "yyyy": day[0], "mm": day[1], "dd": day[2],
        ]
    }

    private init(all value: String) { values = Dictionary(uniqueKeysWithValues: Self.names.map { ($0, value) }) }

    /// To try a template with.
    static let examples = RecordingPlaceholders(all: "x")

    /// - Parameter encode: Applied to each value.
    func filled(_ template: String, encode: (String) -> String = { $0 }) -> String {
        template.replacing(/\{([^{}]*)\}/) { match in values[String(match.1)].map(encode) ?? String(match.0) }
    }

    /// The first thing in braces that is none; nil where all are.
    static func unknown(in template: String) -> String? {
        template.matches(of: /\{([^{}]*)\}/).map { String($0.1) }.first { !names.contains($0) }
    }

    /// For sentences: `{recording_id}, {session_id}, ...`.
    static var list: String { names.map { "{\($0)}" }.joined(separator: ", ") }
}
