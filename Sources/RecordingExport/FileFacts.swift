// Fence: struct stat.
import Glibc
import RecorderIO

/// What the system says of a file without opening it.
struct FileFacts: Hashable, Sendable {
    var byteCount: Int64
    var isRegularFile: Bool
    /// When its content changed last, in seconds since 1970.
    var changedAt: Double
    /// Equal for two names of one file.
    var identity: Identity

    struct Identity: Hashable, Sendable {
        var device: UInt64
        var inode: UInt64
    }

    /// Follows symbolic links. Nil where there is no such file.
    static func of(_ path: String) throws(SystemCallFailure) -> FileFacts? {
        var status = stat()
        guard unsafe stat(path, &status) == 0 else {
            if errno == ENOENT { return nil }
            throw SystemCallFailure(call: "stat", code: errno)
        }
        return FileFacts(status)
    }

    /// Of a recording's file, which must be what was finalized, by its size (EXP-5: before anything is opened).
    static func ofUnchanged(_ file: FinishedRecording) throws(RecordingExportError) -> FileFacts {
        let facts: FileFacts?
        do { facts = try of(file.path) } catch { throw RecordingExportError(reading: file, error) }
        guard let facts else {
            throw RecordingExportError(reading: file, SystemCallFailure(call: "stat", code: ENOENT))
        }
        guard facts.isRegularFile, facts.byteCount == file.byteCount else { throw RecordingExportError(changed: file) }
        return facts
    }

    /// Does not follow a symbolic link. Nil where there is no such file.
    static func of(_ name: String, in directory: borrowing Descriptor) throws(SystemCallFailure) -> FileFacts? {
        var status = stat()
        guard unsafe fstatat(directory.number, name, &status, AT_SYMLINK_NOFOLLOW) == 0 else {
            if errno == ENOENT { return nil }
            throw SystemCallFailure(call: "fstatat", code: errno)
        }
        return FileFacts(status)
    }

    /// Of what is open, whatever its name is by now.
    static func of(_ descriptor: borrowing Descriptor) throws(SystemCallFailure) -> FileFacts {
        var status = stat()
        guard unsafe fstat(descriptor.number, &status) == 0 else {
            throw SystemCallFailure(call: "fstat", code: errno)
        }
        return FileFacts(status)
    }

    private init(_ status: stat) {
        byteCount = Int64(status.st_size)
        isRegularFile = status.st_mode & S_IFMT == S_IFREG
        changedAt = Double(status.st_mtim.tv_sec)
        identity = Identity(device: UInt64(status.st_dev), inode: UInt64(status.st_ino))
    }
}
