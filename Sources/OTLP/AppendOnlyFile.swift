import Glibc

/// An open file whose end lines are added to. The fence around the file calls of the C library: raw memory stays here.
struct AppendOnlyFile: ~Copyable {
    private let path: String
    private let descriptor: Int32
    /// Pipes and terminals have no end to look at, and nothing to sync.
    private var isRegular = true

    /// Opens `path` at its end; creates it (mode 0600) and the folders above it (0700) where they are missing.
    static func opened(at path: String) throws(SpansFileError) -> AppendOnlyFile {
        let folder = folder(of: path)
        try createFolder(folder)
        var file = AppendOnlyFile(path: path, descriptor: try open(path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC))
        var status = stat()
        guard unsafe fstat(file.descriptor, &status) == 0 else { throw failure(.fstat, path) }
        file.isRegular = status.st_mode & S_IFMT == S_IFREG
        // An empty file may be a new one, whose name is lost in a power cut until its folder is synced.
        if file.isRegular, status.st_size == 0 { try syncFolder(folder) }
        return file
    }

    private init(path: String, descriptor: Int32) {
        self.path = path
        self.descriptor = descriptor
    }

    // What was written is synced by now or has failed aloud, so closing has nothing left to say.
    deinit { _ = close(descriptor) }

    /// Adds `line` and its end by one write, and returns when it is on disk.
    func append(line: [UInt8]) throws(SpansFileError) {
        var bytes = try endsInsideLine() ? [UInt8(ascii: "\n")] + line : line
        bytes.append(UInt8(ascii: "\n"))
        var rest = bytes[...]
        while !rest.isEmpty {
            // A short write means that there was no room; the next one says so with its error.
            let count = unsafe rest.withUnsafeBytes { unsafe write(descriptor, $0.baseAddress, $0.count) }
            if count >= 0 {
                rest = rest.dropFirst(count)
            } else if errno != EINTR {
                throw Self.failure(.write, path)
            }
        }
        guard !isRegular || fsync(descriptor) == 0 else { throw Self.failure(.fsync, path) }
    }

    /// Whether the last byte is not a line's end: a process or the power was cut while it was written.
    private func endsInsideLine() throws(SpansFileError) -> Bool {
        guard isRegular else { return false }
        let length = lseek(descriptor, 0, SEEK_END)
        if length == 0 { return false }
        var last: UInt8 = 0
        guard unsafe pread(descriptor, &last, 1, length - 1) >= 0 else { throw Self.failure(.pread, path) }
        return last != UInt8(ascii: "\n")
    }

    static func isPassing(_ code: Int32) -> Bool {
        [ENOSPC, EDQUOT, EMFILE, ENFILE, ENOMEM, EAGAIN].contains(code)
    }

    private static func folder(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    private static func createFolder(_ path: String) throws(SpansFileError) {
        if unsafe mkdir(path, 0o700) != 0 {
            if errno == EEXIST { return }
            guard errno == ENOENT, folder(of: path) != path else { throw failure(.mkdir, path) }
            try createFolder(folder(of: path))
            // Tried once more, not called anew: below a link to nowhere that would never end.
            guard unsafe mkdir(path, 0o700) == 0 || errno == EEXIST else { throw failure(.mkdir, path) }
        }
        try syncFolder(folder(of: path))
    }

    private static func syncFolder(_ path: String) throws(SpansFileError) {
        let descriptor = try open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        defer { _ = close(descriptor) }
        // Some file systems have no fsync for folders, and say EINVAL.
        guard fsync(descriptor) == 0 || errno == EINVAL else { throw failure(.fsync, path) }
    }

    private static func open(_ path: String, _ flags: Int32) throws(SpansFileError) -> Int32 {
        while true {
            let descriptor = unsafe Glibc.open(path, flags, 0o600)
            if descriptor >= 0 { return descriptor }
            if errno != EINTR { throw failure(.open, path) }
        }
    }

    private static func failure(_ call: SpansFileError.Call, _ path: String) -> SpansFileError {
        let code = errno
        return SpansFileError(call: call, path: path, code: code, reason: unsafe String(cString: strerror(code)))
    }
}
