// Fence: directory calls.
import CLinux
import Glibc

/// A directory that files are delivered into, held open so that all of a delivery happens in one place.
struct TargetDirectory: ~Copyable {
    let descriptor: Descriptor

    /// Opens the directory at an absolute path. Missing folders are made, mode 0755, and synced up to the first old one.
    init(path: String) throws(SystemCallFailure) {
        try Self.make(path)
        descriptor = try Descriptor.open(path, O_RDONLY | O_DIRECTORY)
    }

    private static func make(_ path: String) throws(SystemCallFailure) {
        guard try FileFacts.of(path) == nil else { return }
        let end = path.lastIndex(of: "/") ?? path.startIndex
        let parent = end == path.startIndex ? "/" : String(path[..<end])
        try make(parent)
        if unsafe mkdir(path, 0o755) != 0, errno != EEXIST { throw SystemCallFailure(call: "mkdir", code: errno) }
        try Descriptor.open(parent, O_RDONLY | O_DIRECTORY).sync()
    }

    /// Gives the file at `path` the further name `name` here. Returns false where that cannot be done for this pair of
    /// places, and a copy is called for.
    func link(_ path: String, as name: String) throws(SystemCallFailure) -> Bool {
        if unsafe linkat(AT_FDCWD, path, descriptor.number, name, AT_SYMLINK_FOLLOW) == 0 { return true }
        // Another file system; one without links, or not this user's file; too many links.
        if [EXDEV, EPERM, EOPNOTSUPP, ENOSYS, EMLINK].contains(errno) { return false }
        throw SystemCallFailure(call: "linkat", code: errno)
    }

    /// Renames within the directory; EEXIST where `newName` is taken. Never replaces a file.
    func rename(_ name: String, to newName: String) throws(SystemCallFailure) {
        if unsafe linux_rename_noreplace(descriptor.number, name, newName) == 0 { return }
        let code = errno
        // Network file systems may lack the flag; link(2) does not replace either.
        guard code == EINVAL || code == ENOSYS else { throw SystemCallFailure(call: "renameat2", code: code) }
        guard unsafe linkat(descriptor.number, name, descriptor.number, newName, 0) == 0 else {
            throw SystemCallFailure(call: "linkat", code: errno)
        }
        try remove(name)
    }

    /// Removes a file; it may be gone already.
    func remove(_ name: String) throws(SystemCallFailure) {
        guard unsafe unlinkat(descriptor.number, name, 0) == 0 || errno == ENOENT else {
            throw SystemCallFailure(call: "unlinkat", code: errno)
        }
    }

    /// Until the names in it are on the disk.
    func sync() throws(SystemCallFailure) { try descriptor.sync() }
}
