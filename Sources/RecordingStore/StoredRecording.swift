/// A finished recording that the outbox knows. Its report, beside its file, is the truth about all else.
public struct StoredRecording: Hashable, Sendable {
    /// A lower-case UUID.
    public var recordingID: String
    /// Absolute path of the finished file.
    public var filePath: String
    /// Wall time, in seconds since 1970.
    public var startedAt: Double
    public var durationSeconds: Double
    public var byteCount: Int64
    /// The id of the recording that it is a segment of; nil for a recording of its own.
    public var segmentOf: String?
    /// The file was deleted to keep a budget, at this wall time.
    public var removedAt: Double?

    public init(
        recordingID: String,
        filePath: String,
        startedAt: Double,
        durationSeconds: Double,
        byteCount: Int64
    ) {
        self.recordingID = recordingID
        self.filePath = filePath
        self.startedAt = startedAt
        self.durationSeconds = durationSeconds
        self.byteCount = byteCount
    }
}
