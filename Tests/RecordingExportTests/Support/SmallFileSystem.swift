// Fence: mount(2).
import Glibc

/// A file system of its own in memory: small, and read-only on request. Needs root.
final class SmallFileSystem: Sendable {
    let path: String

    static let isAvailable: Bool = {
        do {
            _ = try SmallFileSystem(at: try Workspace(), byteCount: 4096)
            return true
        } catch {
            return false
        }
    }()

    struct Refused: Error { var code: Int32 }

    private let workspace: Workspace

    init(at workspace: Workspace, byteCount: Int) throws {
        self.workspace = workspace
        path = workspace.path
        guard unsafe mount("tapeline", path, "tmpfs", 0, "size=\(byteCount)") == 0 else { throw Refused(code: errno) }
    }

    func makeReadOnly() throws {
        guard unsafe mount("tapeline", path, "tmpfs", UInt(MS_REMOUNT) | UInt(MS_RDONLY), nil) == 0 else {
            throw Refused(code: errno)
        }
    }

    deinit { if unsafe umount2(path, Int32(MNT_DETACH)) != 0 { print("umount2 \(path): errno \(errno)") } }
}
