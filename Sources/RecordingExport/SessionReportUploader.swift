/// Makes the one primary upload of a session, before its exporters run and whatever becomes of them (SES-4, EXP-8).
public protocol SessionReportUploader: Sendable {
    /// What the report and the log call this uploader; no path and no secret.
    var name: String { get }

    /// How long one call may take, retries included; 60 s unless told. A call that takes longer is cancelled, and the
    /// session's end goes on without it.
    var timeLimit: Duration { get }

    /// Uploads what there is of one session. Called on a thread of its own: it may block. Also called where there is no
    /// audio.
    ///
    /// - Throws: `RecordingExportError` to say what the report and the span show; of any other error the span shows just
    ///   its type (SPAN-1).
    func upload(_ session: SessionUpload) async throws
}

extension SessionReportUploader {
    public var timeLimit: Duration { .seconds(60) }
}
