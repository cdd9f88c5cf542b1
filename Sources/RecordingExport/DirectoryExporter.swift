import Glibc
import RecorderIO

/// Delivers recordings into a directory, as `RECORDING-ID.EXTENSION`; the file appears whole or not at all.
///
/// On the same file system the delivered file is a hard link: it takes no space and no time, and it **is** the recording's
/// file under a second name, so that a change to either one shows in both, while removing one leaves the other. Elsewhere
/// it is a copy, streamed, synced and checked against the recording's SHA-256.
///
/// Delivering again what is there already is a success; a different file of that name is an error, and is never replaced.
public struct DirectoryExporter: RecordingExporter {
    public var name: String
    public var timeLimit: Duration
    public var destination: String?
    /// Absolute. It is made, mode 0755, where it is missing.
    public let directoryPath: String
    /// Whether the result, and so the session's span, carries the delivered file's path. Its id it carries always.
    public let returnsPath: Bool

    public init(
        directoryPath: String,
        returnsPath: Bool = false,
        name: String = "directory",
        timeLimit: Duration = .seconds(30)
    ) {
        self.directoryPath = directoryPath
        self.returnsPath = returnsPath
        self.name = name
        self.timeLimit = timeLimit
    }

    /// - Returns: The recording's id, and by choice the path of the delivered file; nil where there is no audio.
    /// - Throws: `RecordingExportError`.
    public func export(_ recording: SessionRecording) async throws -> RecordingExportResult? {
        guard let file = recording.file else { return nil }
        let fileName = "\(try recording.fileName()).\(file.fileExtension)"
        try deliver(file, as: fileName)
        return RecordingExportResult(
            recordingID: recording.recordingID,
            recordingPath: returnsPath ? "\(directoryPath)/\(fileName)" : nil
        )
    }

    private func deliver(_ file: FinishedRecording, as fileName: String) throws {
        let facts = try FileFacts.ofUnchanged(file)
        let target: TargetDirectory
        do { target = try TargetDirectory(path: directoryPath) } catch { throw failure(error) }
        do {
            try DurableCopy(file: file, name: fileName).sweep(target)
            // Where the name is taken in between, what took it is looked at again.
            while try !isDelivered(file, facts, as: fileName, in: target) {
                try Task.checkCancellation()
                if try place(file, as: fileName, in: target) { break }
            }
            try target.sync()
        } catch let error as SystemCallFailure {
            throw failure(error)
        }
    }

    /// As a link, else as a copy. Returns false where the name is taken.
    private func place(
        _ file: FinishedRecording,
        as fileName: String,
        in target: borrowing TargetDirectory
    ) throws -> Bool {
        do {
            if try target.link(file.path, as: fileName) { return true }
        } catch let error where error.code == EEXIST {
            return false
        }
        return try DurableCopy(file: file, name: fileName).make(in: target)
    }

    /// Whether the very file is there already (EXP-4). Throws where something else has its name.
    private func isDelivered(
        _ file: FinishedRecording,
        _ facts: FileFacts,
        as fileName: String,
        in target: borrowing TargetDirectory
    ) throws -> Bool {
        guard let there = try FileFacts.of(fileName, in: target.descriptor) else { return false }
        if there.identity == facts.identity { return true }
        if there.isRegularFile, there.byteCount == file.byteCount,
            try target.descriptor.open(fileName, O_RDONLY | O_NOFOLLOW).sha256() == file.sha256
        {
            return true
        }
        throw RecordingExportError(
            .configuration,
            "\(directoryPath)/\(fileName) is there already and is another file: move it away, and export again",
            onSpan: "another file has the recording's name in the target directory",
            concernsTarget: false
        )
    }

    private func failure(_ failure: SystemCallFailure) -> RecordingExportError {
        RecordingExportError(writing: directoryPath, failure)
    }
}

extension Descriptor {
    /// Of the file from its start, read in pieces (EXP-5).
    fileprivate func sha256() throws -> String {
        var hasher = try SHA256()
        var piece = [UInt8](repeating: 0, count: 1 << 20)
        while let count = try read(into: &piece), count > 0 {
            try Task.checkCancellation()
            try hasher.update(piece[..<count])
        }
        return try hasher.finalize()
    }
}
