import HTTP
import RecorderIO

/// One recording on its way into a bucket.
///
/// It is there once a HEAD says so (EXP-6). What is there already, from an earlier delivery whose answer was lost, is not
/// sent again (EXP-4), and another object is not replaced where the server knows `If-None-Match`.
struct S3Delivery {
    /// How often it is looked for after all was sent.
    private static let lookLimit = 5
    /// The same where the server's answer was lost: it may still be putting the parts together.
    private static let patientLookLimit = 15

    let recording: SessionRecording
    let file: FinishedRecording
    let key: String
    let connection: S3Connection
    /// Of the journals.
    let folderPath: String
    let retryPolicy: RetryPolicy
    let clock: DeliveryClock
    /// From this size on a recording goes in parts.
    let partedByteCount: Int64

    func deliver() async throws {
        if file.byteCount < partedByteCount { try await deliverWhole() } else { try await deliverInParts() }
    }

    private func deliverWhole() async throws {
        if try await isThere() { return }
        let answer = try await connection.send(.put(key, recording, file, connection.target))
        if answer.response.status == 412 { return try await checkThatSame() }
        guard answer.isSuccess else { throw connection.refused(answer) }
        try await verify()
    }

    private func deliverInParts() async throws {
        let journal = try openJournal()
        // A server may forget an upload between two deliveries, or while its parts are sent.
        for _ in 1...3 {
            guard let upload = try await begun(journal) else { return close(journal) }
            do {
                try await S3PartUpload(upload: upload, file: file, journal: journal, connection: connection).send()
                if try await complete(upload, journal) { return close(journal) }
            } catch is S3UploadGone {
                // Or it is complete, and only the answer was lost.
                if journal.isCompleting, try await found(Self.patientLookLimit) == true { return close(journal) }
            } catch let error as RecordingExportError where error.kind == .unreadable || error == failure.taken {
                // It can never be completed.
                try await abort(upload)
                close(journal)
                throw error
            }
            try journal.append(.over)
        }
        throw failure.forgotten
    }

    /// The upload to go on with, or a new one; nil where the recording is there already.
    private func begun(_ journal: S3Journal) async throws -> S3Journal.Upload? {
        if let upload = journal.upload {
            if upload.parts(of: file) != nil { return upload }
            try await abort(upload)
        }
        if try await isThere() { return nil }
        let byteCount = S3Part.byteCount(ofFile: file.byteCount, atLeast: connection.target.partByteCount)
        let digests = try S3Part.digests(of: file, byteCount: byteCount)
        try await abortUploads(but: nil)
        let answer = try await connection.receive(.createUpload(key, recording, file, connection.target))
        guard let id = answer.document?["UploadId"] else { throw failure.notS3(answer, lacking: "an UploadId") }
        // One whose answer was lost nobody knows.
        if answer.attempt > 1 { try await abortUploads(but: id) }
        let upload = S3Journal.Upload(
            id: id,
            endpoint: connection.target.endpoint?.description,
            bucket: connection.target.bucket,
            key: key,
            recordingPath: file.path,
            byteCount: file.byteCount,
            sha256: file.sha256,
            partByteCount: byteCount,
            partSHA256s: digests
        )
        try journal.append(.begun(upload))
        return upload
    }

    /// Returns false where the server does not have the parts that it had.
    private func complete(_ upload: S3Journal.Upload, _ journal: S3Journal) async throws -> Bool {
        let etags = journal.etags.sorted { $0.key < $1.key }.map(\.value)
        try journal.append(.completing)
        let answer = try await connection.send(
            .completeUpload(S3Upload(key: key, id: upload.id), etags: etags, byteCount: file.byteCount)
        )
        if answer.isUploadGone { throw S3UploadGone() }
        if answer.response.status == 412 {
            try await checkThatSame()
            try await abort(upload)
            return true
        }
        if answer.code == "InvalidPart" || answer.code == "InvalidPartOrder" {
            try await abort(upload)
            return false
        }
        guard answer.isSuccess else { throw connection.refused(answer) }
        try await verify()
        return true
    }

    // MARK: what is there

    /// Before anything is sent. Whatever else is wrong, the next request tells with words, and a HEAD without.
    private func isThere() async throws -> Bool {
        let answer = try await connection.send(.head(key))
        guard !answer.isPassing else { throw connection.refused(answer) }
        guard let isSame = S3Object(answer.response)?.isSame(as: file) else { return false }
        guard isSame else { throw failure.taken }
        return true
    }

    private func verify() async throws {
        let isSame = try await found(Self.lookLimit)
        guard isSame == true else { throw failure.notThere(isOther: isSame != nil) }
    }

    /// The server says that there is an object of that key.
    private func checkThatSame() async throws {
        guard let isSame = try await found(Self.lookLimit) else { throw failure.notThere(isOther: false) }
        guard isSame else { throw failure.taken }
    }

    /// Whether the object is this recording; nil where there is none. Looks again until it is, `limit` times in all.
    private func found(_ limit: Int) async throws -> Bool? {
        var isSame: Bool?
        for attempt in 1...limit {
            if attempt > 1 { try await clock.pause(retryPolicy.wait(afterAttempt: attempt - 1)) }
            let answer = try await connection.send(.head(key))
            if answer.response.status == 404 {
                isSame = nil
                continue
            }
            guard answer.isSuccess else { throw connection.refused(answer) }
            guard let object = S3Object(answer.response) else { throw failure.notS3(answer, lacking: "an ETag") }
            isSame = object.isSame(as: file) ?? true
            if isSame == true { break }
        }
        return isSame
    }

    // MARK: what is left behind

    /// Of this key, which only this recording has, by what the server knows. Where it does not tell, nothing is done.
    private func abortUploads(but id: String?) async throws {
        let list = try await connection.send(.listUploads(of: key)).document
        for upload in list?.children ?? [] where upload.name == "Upload" && upload["Key"] == key {
            guard let other = upload["UploadId"], other != id else { continue }
            _ = try await connection.send(.abortUpload(S3Upload(key: key, id: other)))
        }
    }

    /// Where the server refuses, the upload stays until its own rules remove it.
    private func abort(_ upload: S3Journal.Upload) async throws {
        _ = try await connection.send(.abortUpload(S3Upload(key: upload.key, id: upload.id)))
    }

    // MARK: the journal

    private var failure: S3Failure { connection.failure }

    private func openJournal() throws -> S3Journal {
        let place = "\(connection.target.endpoint?.description ?? "")\n\(connection.target.bucket)\n\(key)"
        let name = "\(try recording.fileName())-\(try SHA256.of(Array(place.utf8)).prefix(16))"
        if let journal = try S3Journal(folder: folderPath, name: name + S3Journal.suffix) { return journal }
        throw RecordingExportError(
            .failed,
            "\(recording.recordingID) is being delivered by another process right now: let that one finish, then try again",
            onSpan: "the recording is being delivered by another process",
            isRetryable: true
        )
    }

    private func close(_ journal: S3Journal) {
        do {
            try journal.remove()
        } catch {
            // What stays tells of an upload that is over: a later delivery removes it.
            return
        }
    }
}
