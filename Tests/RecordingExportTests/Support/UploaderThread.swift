import Logging
import RecordingExport
import TestSupport

extension SessionReportUploader {
    /// Uploads on a thread of its own, as a session has it done: it blocks, and the shared pool has other work.
    func end(of upload: SessionUpload) async -> (any Error)? {
        let (ends, continuation) = AsyncStream.makeStream(of: (any Error)?.self)
        let thread = ScriptedExporter(name: name) { _ in
            do {
                try await self.upload(upload)
                continuation.yield(nil)
            } catch {
                continuation.yield(error)
            }
            return nil
        }
        let chain = ExporterChain([thread], logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        _ = await chain.run(upload.recording)
        // Not in the caller's task, where a cancellation would end the stream first.
        return await Task.detached { await ends.first { _ in true } ?? nil }.value
    }
}
