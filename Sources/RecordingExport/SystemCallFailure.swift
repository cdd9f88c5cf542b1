import Glibc

/// A C call that failed: its name and its errno. Made into the user's sentence by those who know what was being done.
struct SystemCallFailure: Error, Hashable {
    var call: String
    var code: Int32

    /// What is wrong, and what to do about it, with "it" for the directory that is being written.
    var causeInDirectory: (cause: String, fix: String) {
        switch code {
        case EACCES, EPERM: ("this user may not write there", "give it write permission, or choose another directory")
        case EROFS: ("its file system is read-only", "mount it read-write, or choose another directory")
        case ENOSPC: ("its file system is full", "free space there, or choose another directory")
        case EDQUOT: ("the disk quota is used up", "raise the quota, or choose another directory")
        case ENOTDIR, EEXIST: ("a part of its path is not a directory", "choose another directory")
        case ENAMETOOLONG: ("its path is too long", "choose a shorter one")
        case EFBIG: ("its file system takes no file of this size", "choose a directory on another file system")
        case EIO: ("its disk reports an input/output error", "check the disk, or choose another directory")
        default: (text, "make it a writable directory, or choose another")
        }
    }

    /// The C library's words for the errno.
    var text: String {
        guard let text = unsafe strerror(code) else { return "errno \(code)" }
        return unsafe String(cString: text)
    }
}
