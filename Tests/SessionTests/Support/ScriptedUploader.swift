import RecordingExport

/// An uploader that does what a test says.
struct ScriptedUploader: SessionReportUploader {
    var name = "primary"
    var timeLimit: Duration = .seconds(60)
    var body: @Sendable (SessionUpload) async throws -> Void

    func upload(_ session: SessionUpload) async throws { try await body(session) }
}
