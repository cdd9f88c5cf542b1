internal import Glibc

/// Making folders that survive a power cut. A fence, as `PartFile`.
public enum Folder {
    /// Everything before the last slash; "." where there is none.
    public static func parent(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    /// Makes a folder and the missing ones above it, and syncs up to the first that was there (REC-8).
    ///
    /// - Returns: false if it was there.
    @discardableResult
    public static func make(_ path: String, mode: UInt32 = 0o755) throws(RecorderError) -> Bool {
        guard unsafe mkdir(path, mode) != 0 else {
            try sync(parent(of: path))
            return true
        }
        switch errno {
        case EEXIST:
            var status = stat()
            guard unsafe stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else {
                throw .file(path: path, call: "mkdir", code: ENOTDIR)
            }
            return false
        case ENOENT where parent(of: path) != path:
            try make(parent(of: path), mode: mode)
            guard unsafe mkdir(path, mode) == 0 || errno == EEXIST else {
                throw .file(path: path, call: "mkdir", code: errno)
            }
            try sync(parent(of: path))
            return true
        default: throw .file(path: path, call: "mkdir", code: errno)
        }
    }

    /// Puts a folder's entries on the disk.
    public static func sync(_ path: String) throws(RecorderError) {
        let folder = unsafe open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard folder >= 0 else { throw .file(path: path, call: "open", code: errno) }
        defer { close(folder) }
        guard fsync(folder) == 0 else { throw .file(path: path, call: "fsync", code: errno) }
    }
}
