// Fence: open, flock and unlink.
internal import Glibc
internal import RecorderIO

/// A file that is locked for as long as its process lives: the kernel drops the lock with the process, however that ends,
/// so it never lies as a process id does that was given out anew.
@safe
struct LockFile: ~Copyable {
    private let path: String
    private let descriptor: Int32

    /// Makes the file, and locks it.
    init(making path: String) throws(RecorderError) {
        while true {
            let descriptor = try Self.open(path)
            guard flock(descriptor, LOCK_EX) == 0 else {
                let code = errno
                close(descriptor)
                throw .file(path: path, call: "flock", code: code)
            }
            if Self.hasName(descriptor) {
                self.path = path
                self.descriptor = descriptor
                return
            }
            // Somebody swept it away before it was locked.
            close(descriptor)
        }
    }

    /// Takes the lock where no living process has it, and makes the file where it is missing; nil if one has it.
    ///
    /// Where a file system has no locks, every process is taken for a living one.
    init?(unlocked path: String) throws(RecorderError) {
        let descriptor = try Self.open(path)
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0, Self.hasName(descriptor) else {
            close(descriptor)
            return nil
        }
        self.path = path
        self.descriptor = descriptor
    }

    deinit {
        // Not by closing: a child that was just forked may have the file open until it runs its own program.
        _ = flock(descriptor, LOCK_UN)
        close(descriptor)
    }

    /// Takes the file away, while it is locked.
    func remove() { unsafe unlink(path) }

    private static func open(_ path: String) throws(RecorderError) -> Int32 {
        let descriptor = unsafe Glibc.open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw .file(path: path, call: "open", code: errno) }
        return descriptor
    }

    private static func hasName(_ descriptor: Int32) -> Bool {
        var status = stat()
        return unsafe fstat(descriptor, &status) == 0 && status.st_nlink > 0
    }
}
