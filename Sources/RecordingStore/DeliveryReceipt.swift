public import RecordingExport

/// What an exporter returned when it had delivered.
public struct DeliveryReceipt: Codable, Hashable, Sendable {
    public var recordingURL: String?
    public var recordingID: String?
    public var recordingPath: String?
    /// Wall time, in seconds since 1970.
    public var deliveredAt: Double

    enum CodingKeys: String, CodingKey {
        case recordingURL = "recording_url"
        case recordingID = "recording_id"
        case recordingPath = "recording_path"
        case deliveredAt = "delivered_at"
    }

    public init(_ outcome: ExportOutcome, deliveredAt: Double) {
        recordingURL = outcome.recordingURL
        recordingID = outcome.recordingID
        recordingPath = outcome.recordingPath
        self.deliveredAt = deliveredAt
    }

    /// Whether it says where the recording is now.
    public var hasReference: Bool { recordingURL != nil || recordingID != nil || recordingPath != nil }
}
