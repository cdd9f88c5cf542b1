/// What the exporters' results come to on the session's span (EXP-3, SPAN-1): a pure function of the outcomes.
public struct RecordingAttributes: Hashable, Sendable {
    public static let urlKey = "lk.recording_url"
    public static let idKey = "lk.recording_id"
    public static let pathKey = "lk.recording_path"

    /// To be set on the span, in one call.
    public private(set) var values: [String: TraceAttributeValue] = [:]
    /// What was left out because it names a local path, in chain order, each as `EXPORTER: KEY`: log these.
    public private(set) var dropped: [String] = []

    /// Custom attributes in the order of the outcomes, the later wins; then the canonical keys, the first non-empty value
    /// wins, over custom attributes too. Empty strings are never set. A value that names `recording`'s local file or
    /// folder is dropped, except under `lk.recording_path`, which an exporter sets explicitly.
    public init(merging outcomes: [ExportOutcome], of recording: SessionRecording) {
        let localPaths = LocalPaths(of: recording)
        for outcome in outcomes {
            for (key, value) in outcome.traceAttributes.sorted(by: { $0.key < $1.key }) where !value.isEmpty {
                if case .string(let text) = value, key != Self.pathKey, localPaths.appear(in: text) {
                    dropped.append("\(outcome.exporter): \(key)")
                } else if localPaths.appear(in: key) {
                    dropped.append("\(outcome.exporter): an attribute whose name is a path")
                } else {
                    values[key] = value
                }
            }
        }
        // Where a recording is comes before where it will be.
        let references = outcomes.filter { $0.outcome != .deferred } + outcomes.filter { $0.outcome == .deferred }
        set(Self.urlKey, references, localPaths) { $0.recordingURL }
        set(Self.idKey, references, localPaths) { $0.recordingID }
        if let path = outcomes.lazy.compactMap(\.recordingPath).first(where: { !$0.isEmpty }) {
            values[Self.pathKey] = .string(path)
        }
    }

    private mutating func set(
        _ key: String,
        _ outcomes: [ExportOutcome],
        _ localPaths: LocalPaths,
        _ reference: (ExportOutcome) -> String?
    ) {
        for outcome in outcomes {
            guard let text = reference(outcome), !text.isEmpty else { continue }
            guard Self.mayBeSet(text, localPaths) else {
                dropped.append("\(outcome.exporter): \(key)")
                continue
            }
            values[key] = .string(text)
            return
        }
    }

    /// Whether `text` may be a URL or an id on a span: it is not empty, not a `file:` URL, and names no local path.
    static func mayBeSet(_ text: String?, _ localPaths: LocalPaths) -> Bool {
        guard let text, !text.isEmpty else { return false }
        return !text.lowercased().hasPrefix("file:") && !localPaths.appear(in: text)
    }
}
