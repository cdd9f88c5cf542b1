// Fence: mount(2).
import Glibc

/// A file system of its own in memory: small, and read-only on request. Needs the right to mount.
public final class SmallFileSystem: Sendable {
    public let path: String

    public struct Refused: Error { public let code: Int32 }

    private let folder: TemporaryFolder

    public init(byteCount: Int) throws {
        folder = try TemporaryFolder()
        path = folder.path
        guard unsafe mount("tapeline", path, "tmpfs", 0, "size=\(byteCount)") == 0 else { throw Refused(code: errno) }
    }

    /// Whether this process may mount.
    public static let isAvailable: Bool = {
        do {
            _ = try SmallFileSystem(byteCount: 4096)
            return true
        } catch {
            return false
        }
    }()

    /// Leaves room for so many bytes, until the file is removed whose path it returns.
    public func fill(leaving byteCount: Int) throws -> String {
        var status = statvfs()
        guard unsafe statvfs(path, &status) == 0 else { throw Refused(code: errno) }
        let filler = path + "/filler"
        let file = unsafe open(filler, O_WRONLY | O_CREAT | O_EXCL, 0o600)
        guard file >= 0 else { throw Refused(code: errno) }
        defer { close(file) }
        let code = posix_fallocate(file, 0, off_t(Int(status.f_bavail) * Int(status.f_frsize) - byteCount))
        guard code == 0 else { throw Refused(code: code) }
        return filler
    }

    public func makeReadOnly() throws {
        guard unsafe mount("tapeline", path, "tmpfs", UInt(MS_REMOUNT) | UInt(MS_RDONLY), nil) == 0 else {
            throw Refused(code: errno)
        }
    }

    deinit { unsafe umount2(path, Int32(MNT_DETACH)) }
}
