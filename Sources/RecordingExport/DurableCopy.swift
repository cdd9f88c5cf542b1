import Glibc
import RecorderIO

/// A recording's file written anew in another place: in pieces (EXP-5), synced, and checked against what was finalized
/// (EXP-6), under a hidden name until all of that is done.
///
/// Throws `SystemCallFailure` where the target cannot be written, `RecordingExportError` for all else.
struct DurableCopy {
    private static let pieceByteCount = 1 << 20

    let file: FinishedRecording
    /// The final name; the hidden one is `.NAME.part`.
    let name: String
    private var partName: String { ".\(name).part" }

    /// Makes the copy. Returns false where the final name was taken meanwhile; it is never replaced. On any failure the
    /// hidden file is removed.
    func make(in target: borrowing TargetDirectory) throws -> Bool {
        let part = try target.descriptor.open(partName, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW)
        // Who has the lock owns the name: nobody else removes it.
        guard try part.tryLock() else { throw inProgress }
        do {
            try fill(part)
            try part.sync()
            return try publish(in: target)
        } catch {
            do {
                try target.remove(partName)
            } catch _ {
                // The first error says more; what stays is swept by the next delivery.
            }
            throw error
        }
    }

    /// Removes what a delivery of the same name left behind when its process died.
    func sweep(_ target: borrowing TargetDirectory) throws {
        guard try FileFacts.of(partName, in: target.descriptor) != nil else { return }
        let stale = try target.descriptor.open(partName, O_RDWR | O_NOFOLLOW)
        guard try stale.tryLock() else { throw inProgress }
        try target.remove(partName)
    }

    private func fill(_ part: borrowing Descriptor) throws {
        let source: Descriptor
        do { source = try Descriptor.open(file.path, O_RDONLY) } catch { throw unreadable(error) }
        var hasher = try SHA256()
        var piece = [UInt8](repeating: 0, count: Self.pieceByteCount)
        var byteCount: Int64 = 0
        while true {
            try Task.checkCancellation()
            let count: Int
            do { count = try source.read(into: &piece) ?? 0 } catch { throw unreadable(error) }
            if count == 0 { break }
            try hasher.update(piece[..<count])
            byteCount += Int64(count)
            var rest = piece[..<count]
            while !rest.isEmpty { rest = rest.dropFirst(try part.write(rest) ?? 0) }
        }
        guard byteCount == file.byteCount, try hasher.finalize() == file.sha256 else {
            throw RecordingExportError(changed: file)
        }
    }

    private func publish(in target: borrowing TargetDirectory) throws(SystemCallFailure) -> Bool {
        do {
            try target.rename(partName, to: name)
            return true
        } catch let error where error.code == EEXIST {
            try target.remove(partName)
            return false
        }
    }

    private func unreadable(_ failure: SystemCallFailure) -> RecordingExportError {
        RecordingExportError(reading: file, failure)
    }

    private var inProgress: RecordingExportError {
        RecordingExportError(
            .failed,
            "\(name) is being delivered by another process right now: let that one finish, then try again",
            onSpan: "the recording is being delivered by another process",
            isRetryable: true
        )
    }
}
