/// What an exporter made of a recording: where it can be found now. Every part is optional, and empty strings count as
/// absent.
///
/// As JSON (what a program of `CommandExporter` prints): `{"recording_url", "recording_id", "recording_path",
/// "trace_attributes": {NAME: string, number or boolean}}`, each key optional.
public struct RecordingExportResult: Hashable, Sendable {
    /// Becomes `lk.recording_url`. It must carry no secret beyond a declared expiry (SPAN-6), and a `file:` URL never
    /// reaches the span (SPAN-1).
    public var recordingURL: String?
    /// Becomes `lk.recording_id`.
    public var recordingID: String?
    /// Becomes `lk.recording_path`. A local path reaches the span only through here (SPAN-1).
    public var recordingPath: String?
    /// Further attributes for the session's span. The canonical keys above take precedence over equal names (EXP-3).
    public var traceAttributes: [String: TraceAttributeValue]

    public init(
        recordingURL: String? = nil,
        recordingID: String? = nil,
        recordingPath: String? = nil,
        traceAttributes: [String: TraceAttributeValue] = [:]
    ) {
        self.recordingURL = recordingURL
        self.recordingID = recordingID
        self.recordingPath = recordingPath
        self.traceAttributes = traceAttributes
    }
}

extension RecordingExportResult: Codable {
    enum CodingKeys: String, CodingKey {
        case recordingURL = "recording_url"
        case recordingID = "recording_id"
        case recordingPath = "recording_path"
        case traceAttributes = "trace_attributes"
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        recordingURL = try container.decodeIfPresent(String.self, forKey: .recordingURL)
        recordingID = try container.decodeIfPresent(String.self, forKey: .recordingID)
        recordingPath = try container.decodeIfPresent(String.self, forKey: .recordingPath)
        traceAttributes =
            try container.decodeIfPresent([String: TraceAttributeValue].self, forKey: .traceAttributes) ?? [:]
    }
}
