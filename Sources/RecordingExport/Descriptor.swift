// Fence: raw file descriptors and the calls on them.
import CLinux
import Glibc

/// An open file descriptor, closed when its owner goes.
struct Descriptor: ~Copyable, Sendable {
    let number: Int32

    init(owning number: Int32) { self.number = number }

    /// What was written was synced before: a failing close loses nothing and leaves nothing to be done.
    deinit { _ = close(number) }

    /// `flags` without `O_CLOEXEC`, which is always set.
    static func open(_ path: String, _ flags: Int32) throws(SystemCallFailure) -> Descriptor {
        let number = unsafe Glibc.open(path, flags | O_CLOEXEC)
        guard number >= 0 else { throw SystemCallFailure(call: "open", code: errno) }
        return Descriptor(owning: number)
    }

    /// A file in this directory. `mode` counts where `flags` has `O_CREAT`.
    func open(_ name: String, _ flags: Int32, mode: mode_t = 0o644) throws(SystemCallFailure) -> Descriptor {
        let opened = unsafe openat(number, name, flags | O_CLOEXEC, mode)
        guard opened >= 0 else { throw SystemCallFailure(call: "openat", code: errno) }
        return Descriptor(owning: opened)
    }

    /// Two ends of a pipe, none of them 0, 1 or 2, which a child needs for its own.
    static func pipe() throws(SystemCallFailure) -> Pipe {
        var ends: [Int32] = [-1, -1]
        guard unsafe linux_pipe(&ends) == 0 else { throw SystemCallFailure(call: "pipe2", code: errno) }
        let readEnd = Descriptor(owning: ends[0])
        let writeEnd = Descriptor(owning: ends[1])
        return Pipe(readEnd: try readEnd.movedUp(), writeEnd: try writeEnd.movedUp())
    }

    struct Pipe: ~Copyable {
        var readEnd: Descriptor
        var writeEnd: Descriptor
    }

    private consuming func movedUp() throws(SystemCallFailure) -> Descriptor {
        guard number < 3 else { return self }
        let moved = fcntl(number, F_DUPFD_CLOEXEC, 3)
        guard moved >= 0 else { throw SystemCallFailure(call: "fcntl", code: errno) }
        return Descriptor(owning: moved)
    }

    func makeNonBlocking() throws(SystemCallFailure) {
        guard fcntl(number, F_SETFL, O_NONBLOCK) == 0 else { throw SystemCallFailure(call: "fcntl", code: errno) }
    }

    /// Reads what there is into `bytes`, from its start. Returns how much; 0 at the end, nil where it would block.
    func read(into bytes: inout [UInt8]) throws(SystemCallFailure) -> Int? {
        while true {
            let count = unsafe bytes.withUnsafeMutableBytes { unsafe Glibc.read(number, $0.baseAddress, $0.count) }
            if count >= 0 { return count }
            if errno == EAGAIN { return nil }
            guard errno == EINTR else { throw SystemCallFailure(call: "read", code: errno) }
        }
    }

    /// Writes what fits of `bytes`. Returns how much; nil where it would block.
    func write(_ bytes: ArraySlice<UInt8>) throws(SystemCallFailure) -> Int? {
        while true {
            let count = unsafe bytes.withUnsafeBytes { unsafe Glibc.write(number, $0.baseAddress, $0.count) }
            if count >= 0 { return count }
            if errno == EAGAIN { return nil }
            guard errno == EINTR else { throw SystemCallFailure(call: "write", code: errno) }
        }
    }

    /// Until it is on the disk. After a failure the file is suspect, and is never synced again (REC-8).
    func sync() throws(SystemCallFailure) {
        guard fsync(number) == 0 else { throw SystemCallFailure(call: "fsync", code: errno) }
    }

    /// Takes the exclusive lock on the file. Returns false where another descriptor has it.
    func tryLock() throws(SystemCallFailure) -> Bool {
        if flock(number, LOCK_EX | LOCK_NB) == 0 { return true }
        guard errno == EWOULDBLOCK else { throw SystemCallFailure(call: "flock", code: errno) }
        return false
    }

    /// Gives the lock back at once. Closing does so only when no child has the descriptor, and one that was just forked has
    /// it until it runs its program.
    func unlock() { _ = flock(number, LOCK_UN) }
}
