/// What an uploader is handed of a session that has ended.
public struct SessionUpload: Hashable, Sendable {
    /// Its file is nil where there is no audio.
    public var recording: SessionRecording
    /// The job that the session belongs to; nil outside of one.
    public var jobID: String?
    /// Wall time of the session's start, in seconds since 1970.
    public var startedAt: Double
    /// Wall time of its end, before anything was exported, in seconds since 1970.
    public var endedAt: Double
    /// What was said, as JSON; nil where there is no transcript.
    public var chatHistory: [UInt8]?

    public init(
        recording: SessionRecording,
        jobID: String? = nil,
        startedAt: Double,
        endedAt: Double,
        chatHistory: [UInt8]? = nil
    ) {
        self.recording = recording
        self.jobID = jobID
        self.startedAt = startedAt
        self.endedAt = endedAt
        self.chatHistory = chatHistory
    }
}
