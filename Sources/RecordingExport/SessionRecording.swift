public import RecorderIO

/// What an exporter is handed: one session's recording, and the trace that it belongs to.
public struct SessionRecording: Hashable, Sendable {
    /// Unique over all recordings of all boxes: a lower-case UUID. Present also where there is no audio.
    public var recordingID: String
    public var sessionID: String
    /// 32 lower-case hex digits; absent where nothing is traced.
    public var traceID: String?
    /// 16 lower-case hex digits: the session's `agent_session` span.
    public var spanID: String?
    /// The finalized file; nil where there is no audio, for the chain runs all the same (EXP-2).
    public var file: FinishedRecording?

    public init(
        recordingID: String,
        sessionID: String,
        traceID: String? = nil,
        spanID: String? = nil,
        file: FinishedRecording? = nil
    ) {
        self.recordingID = recordingID
        self.sessionID = sessionID
        self.traceID = traceID
        self.spanID = spanID
        self.file = file
    }

    /// The same for each delivery of the same bytes, so that delivering twice gives one artefact (EXP-4): the recording's
    /// id, a hyphen and the file's SHA-256; just the id without audio.
    public var idempotencyKey: String {
        guard let file else { return recordingID }
        return "\(recordingID)-\(file.sha256)"
    }
}
