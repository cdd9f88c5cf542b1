// Fence: calls that glibc has, but that its Swift module leaves out. Each is looked up once, by name.
import Glibc

enum GNULibrary {
    /// `renameat2` with `RENAME_NOREPLACE`: atomic, and fails with EEXIST rather than replace a file.
    ///
    /// - Returns: 0, or an errno; ENOSYS where the C library lacks it.
    static func renameWithoutReplacing(_ oldName: String, to newName: String, in directory: Int32) -> Int32 {
        typealias Call = @convention(c) (Int32, UnsafePointer<CChar>, Int32, UnsafePointer<CChar>, UInt32) -> Int32
        guard let symbol = unsafe dlsym(nil, "renameat2") else { return ENOSYS }
        let call = unsafe unsafeBitCast(symbol, to: Call.self)
        let noReplace: UInt32 = 1
        return unsafe call(directory, oldName, directory, newName, noReplace) == 0 ? 0 : errno
    }

    /// `pipe2` with `O_CLOEXEC`: no program that another thread starts meanwhile inherits the ends.
    ///
    /// - Returns: 0, or an errno; ENOSYS where the C library lacks it.
    static func makePipe(_ ends: inout [Int32]) -> Int32 {
        typealias Call = @convention(c) (UnsafeMutablePointer<Int32>, Int32) -> Int32
        guard let symbol = unsafe dlsym(nil, "pipe2") else { return ENOSYS }
        let call = unsafe unsafeBitCast(symbol, to: Call.self)
        return unsafe call(&ends, O_CLOEXEC) == 0 ? 0 : errno
    }

    /// Makes the child close every descriptor from 3 on, such as those that a C library opened without `O_CLOEXEC`.
    ///
    /// - Returns: 0, or an errno; ENOSYS where the C library (glibc before 2.34) lacks it.
    static func closeAllFromThree(_ actions: inout posix_spawn_file_actions_t) -> Int32 {
        typealias Call = @convention(c) (UnsafeMutablePointer<posix_spawn_file_actions_t>, Int32) -> Int32
        guard let symbol = unsafe dlsym(nil, "posix_spawn_file_actions_addclosefrom_np") else { return ENOSYS }
        let call = unsafe unsafeBitCast(symbol, to: Call.self)
        return unsafe call(&actions, 3)
    }
}
