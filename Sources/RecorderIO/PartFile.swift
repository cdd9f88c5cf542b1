internal import CLinux
internal import Glibc

/// A file on its way to its final name: `NAME.part` until `finalize` (REC-7). A fence: the recorder's only system
/// calls on files.
@safe
package struct PartFile: ~Copyable {
    let finalPath: String
    let partPath: String
    private let descriptor: Int32
    /// Whether the folder was made for it.
    private let hasNewFolder: Bool

    /// Makes the file; refuses one that exists, under either name, unless told to replace the finished one.
    ///
    /// Missing folders are made, and synced up to the first that was there (REC-8).
    init(finalPath: String, replacing: Bool) throws(RecorderError) {
        (descriptor, hasNewFolder) = try Self.open(finalPath, replacing: replacing)
        self.finalPath = finalPath
        partPath = Self.partPath(finalPath)
    }

    /// Opens a file that a process left behind, to read and to mend it.
    ///
    /// - Throws: `inUse` while the process that writes it lives.
    package init(leftBehindAt path: String) throws(RecorderError) {
        let descriptor = unsafe Glibc.open(path, O_RDWR | O_CLOEXEC)
        guard descriptor >= 0 else { throw .file(path: path, call: "open", code: errno) }
        guard Self.lock(descriptor) else {
            close(descriptor)
            throw .inUse(path: path)
        }
        self.descriptor = descriptor
        hasNewFolder = false
        finalPath = path.hasSuffix(Self.suffix) ? String(path.dropLast(Self.suffix.count)) : path
        partPath = path
    }

    /// Whether the file is there under its `.part` name.
    static func exists(finalPath: String) -> Bool { unsafe access(partPath(finalPath), F_OK) == 0 }

    /// Whether no living process writes the file.
    package static func isLeftBehind(at path: String) throws(RecorderError) -> Bool {
        do throws(RecorderError) {
            _ = try PartFile(leftBehindAt: path)
            return true
        } catch .inUse {
            return false
        }
    }

    private static let suffix = ".part"

    private static func partPath(_ finalPath: String) -> String { finalPath + suffix }

    /// Marks the file as written by a living process, until it is closed. Where a file system has no locks, nobody is
    /// kept out.
    private static func lock(_ descriptor: Int32) -> Bool {
        flock(descriptor, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK
    }

    private static func isLinked(_ descriptor: Int32) -> Bool {
        var status = stat()
        return unsafe fstat(descriptor, &status) == 0 && status.st_nlink > 0
    }

    private static func open(
        _ finalPath: String,
        replacing: Bool
    ) throws(RecorderError) -> (descriptor: Int32, hasNewFolder: Bool) {
        let partPath = partPath(finalPath)
        let folder = Folder.parent(of: finalPath)
        let hasNewFolder = try Folder.make(folder)
        if !replacing, unsafe access(finalPath, F_OK) == 0 { throw .exists(path: finalPath) }
        let descriptor = unsafe Glibc.open(partPath, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else {
            let code = errno
            if hasNewFolder { unsafe rmdir(folder) }
            throw code == EEXIST ? .unfinishedExists(path: partPath) : .file(path: partPath, call: "open", code: code)
        }
        // Between the two, another process may have taken it for one that was left behind.
        guard lock(descriptor), isLinked(descriptor) else {
            close(descriptor)
            throw .inUse(path: partPath)
        }
        do throws(RecorderError) {
            try Folder.sync(folder)
            return (descriptor, hasNewFolder)
        } catch {
            close(descriptor)
            unsafe unlink(partPath)
            if hasNewFolder { unsafe rmdir(folder) }
            throw error
        }
    }

    deinit {
        // Not by closing: a child that was just forked may have the file open until it runs its own program.
        _ = flock(descriptor, LOCK_UN)
        close(descriptor)
    }

    /// Writes all of `bytes` at `offset`.
    borrowing func write(_ bytes: RawSpan, at offset: Int64) throws(RecorderError) {
        var done = 0
        while done < bytes.byteCount {
            let count = unsafe bytes.extracting(done..<bytes.byteCount).withUnsafeBytes {
                unsafe pwrite(descriptor, $0.baseAddress, $0.count, off_t(offset) + off_t(done))
            }
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw .file(path: partPath, call: "write", code: errno) }
            done += count
        }
    }

    package borrowing func write(_ bytes: [UInt8], at offset: Int64) throws(RecorderError) {
        try write(unsafe bytes.span.bytes, at: offset)
    }

    /// Reads up to as many bytes as fit; returns how many there were.
    borrowing func read(into bytes: inout MutableRawSpan, at offset: Int64) throws(RecorderError) -> Int {
        let count = unsafe bytes.withUnsafeMutableBytes {
            unsafe pread(descriptor, $0.baseAddress, $0.count, off_t(offset))
        }
        guard count >= 0 else { throw .file(path: partPath, call: "read", code: errno) }
        return count
    }

    /// The same, into an array.
    package borrowing func read(into bytes: inout [UInt8], at offset: Int64) throws(RecorderError) -> Int {
        var span = bytes.mutableSpan
        var memory = unsafe span.mutableBytes
        return try read(into: &memory, at: offset)
    }

    /// The file's real size.
    package borrowing func byteCount() throws(RecorderError) -> Int64 {
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0 else { throw .file(path: partPath, call: "fstat", code: errno) }
        return Int64(status.st_size)
    }

    /// Cuts the file off behind `length` bytes.
    package borrowing func truncate(to length: Int64) throws(RecorderError) {
        guard ftruncate(descriptor, off_t(length)) == 0 else {
            throw .file(path: partPath, call: "ftruncate", code: errno)
        }
    }

    /// Puts the data on the disk, so that it survives a power cut (REC-8).
    package borrowing func syncData() throws(RecorderError) {
        guard fdatasync(descriptor) == 0 else { throw .file(path: partPath, call: "fdatasync", code: errno) }
    }

    /// Syncs the file, gives it its final name, and syncs the folder (REC-7).
    package borrowing func finalize(replacing: Bool) throws(RecorderError) {
        try sync()
        try rename(replacing: replacing)
        try Folder.sync(Folder.parent(of: finalPath))
    }

    /// Puts all that the disk must know of the file on it.
    borrowing func sync() throws(RecorderError) {
        guard fsync(descriptor) == 0 else { throw .file(path: partPath, call: "fsync", code: errno) }
    }

    /// Gives the file its final name.
    borrowing func rename(replacing: Bool) throws(RecorderError) {
        let result =
            unsafe replacing
            ? Glibc.rename(partPath, finalPath) : linux_rename_noreplace(AT_FDCWD, partPath, finalPath)
        guard result == 0 else {
            let code = errno
            throw code == EEXIST ? .exists(path: finalPath) : .file(path: partPath, call: "rename", code: code)
        }
    }

    /// Removes a file that holds nothing worth keeping, and the folder if it was made for it: a start that fails leaves
    /// nothing behind (SES-3).
    package borrowing func discard() {
        unsafe unlink(partPath)
        if hasNewFolder { unsafe rmdir(Folder.parent(of: finalPath)) }
    }

    /// Keeps a file that cannot be mended under the name `NAME.damaged`.
    package borrowing func setAside() throws(RecorderError) {
        guard unsafe Glibc.rename(partPath, finalPath + ".damaged") == 0 else {
            throw .file(path: partPath, call: "rename", code: errno)
        }
        try Folder.sync(Folder.parent(of: finalPath))
    }
}
