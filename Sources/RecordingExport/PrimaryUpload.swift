/// An uploader as an exporter that returns nothing, so that a chain of one gives it what every exporter has: a thread, a
/// limit, isolation, an outcome.
package struct PrimaryUpload: RecordingExporter {
    private let uploader: any SessionReportUploader
    private let session: SessionUpload

    package init(of session: SessionUpload, by uploader: any SessionReportUploader) {
        self.uploader = uploader
        self.session = session
    }

    package var name: String { uploader.name }
    package var timeLimit: Duration { uploader.timeLimit }

    package func export(_ recording: SessionRecording) async throws -> RecordingExportResult? {
        try await uploader.upload(session)
        return nil
    }
}
