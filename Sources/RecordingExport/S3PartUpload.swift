import HTTP
import RecorderIO
import Synchronization

/// The server knows the upload no more.
struct S3UploadGone: Error {}

/// Sends the parts that a server does not have yet, some at a time, each on a thread of its own.
struct S3PartUpload: Sendable {
    private static let threadCount = 3

    let upload: S3Journal.Upload
    let file: FinishedRecording
    let journal: S3Journal
    let connection: S3Connection

    /// - Throws: `S3UploadGone`, `RecordingExportError`, or `CancellationError`. Then no part is being sent any more.
    func send() async throws {
        let etags = journal.etags
        guard let all = upload.parts(of: file) else { throw S3UploadGone() }
        let missing = all.filter { etags[$0.number] == nil }
        let queue = PartQueue(missing)
        var threads: [ExporterThread] = []
        defer { for thread in threads { thread.finish() } }
        for _ in 0..<min(Self.threadCount, missing.count) { threads.append(try ExporterThread()) }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for thread in threads {
                group.addTask(executorPreference: thread) {
                    while let part = queue.next() { try await send(part) }
                }
            }
            // The first error ends them all.
            try await group.waitForAll()
        }
    }

    private func send(_ part: S3Part) async throws {
        try Task.checkCancellation()
        let request = S3Request.uploadPart(part, of: file, S3Upload(key: upload.key, id: upload.id))
        let answer = try await connection.send(request)
        if answer.isUploadGone { throw S3UploadGone() }
        guard answer.isSuccess else { throw connection.refused(answer) }
        guard let etag = answer.response["ETag"] else { throw connection.failure.notS3(answer, lacking: "an ETag") }
        try journal.append(.part(part.number, etag: etag))
    }
}

/// Parts that nobody sends yet.
private final class PartQueue: Sendable {
    private let parts: Mutex<ArraySlice<S3Part>>

    init(_ parts: [S3Part]) { self.parts = Mutex(parts[...]) }

    func next() -> S3Part? { parts.withLock { $0.popFirst() } }
}
