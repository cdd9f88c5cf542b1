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

    public func makeReadOnly() throws {
        guard unsafe mount("tapeline", path, "tmpfs", UInt(MS_REMOUNT) | UInt(MS_RDONLY), nil) == 0 else {
            throw Refused(code: errno)
        }
    }

    deinit { unsafe umount2(path, Int32(MNT_DETACH)) }
}
