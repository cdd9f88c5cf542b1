import FoundationEssentials
import HTTP

/// Aborts the uploads that this box began and will not finish, so that nobody pays for their parts. It knows them by their
/// journals, and touches nobody else's.
struct S3Sweep {
    /// An upload that nobody went on with for so long is given up, in seconds.
    private static let greatestAge = 30.0 * 86400
    /// In one delivery.
    private static let abortLimit = 8

    let folderPath: String
    let connection: S3Connection
    let clock: DeliveryClock

    /// Only what is to be delivered may fail: an upload that is not aborted now is the next delivery's.
    func run() async throws {
        guard FileManager.default.fileExists(atPath: folderPath) else { return }
        do {
            var count = 0
            for name in try FileManager.default.contentsOfDirectory(atPath: folderPath).sorted()
            where name.hasSuffix(S3Journal.suffix) && count < Self.abortLimit {
                if try await sweep(name) { count += 1 }
            }
        } catch let error as CancellationError {
            throw error
        } catch {
            return
        }
    }

    /// Returns whether the server was asked.
    private func sweep(_ name: String) async throws -> Bool {
        let age = try FileFacts.of("\(folderPath)/\(name)").map { clock.now() - $0.changedAt } ?? 0
        guard let journal = try S3Journal(folder: folderPath, name: name) else { return false }
        guard let upload = journal.upload else {
            try journal.remove()
            return false
        }
        let isHere =
            upload.bucket == connection.target.bucket
            && upload.endpoint == connection.target.endpoint?.description
        let isThere = try FileFacts.of(upload.recordingPath)?.byteCount == upload.byteCount
        guard isHere, !isThere || age > Self.greatestAge else { return false }
        let request = S3Request.abortUpload(S3Upload(key: upload.key, id: upload.id))
        let answer = try await connection.send(request, attemptLimit: 1)
        if answer.isSuccess || answer.response.status == 404 { try journal.remove() }
        return true
    }
}
