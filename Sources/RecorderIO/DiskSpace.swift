internal import Glibc

/// How much a disk can take. A fence.
enum DiskSpace {
    /// Bytes that this user may still write where the folder is, or would be made; 0 where nothing can be written at all.
    static func freeByteCount(of folder: String) -> Int64 {
        var status = statvfs()
        if unsafe statvfs(folder, &status) != 0 {
            let code = errno
            let parent = Folder.parent(of: folder)
            return code == ENOENT && parent != folder ? freeByteCount(of: parent) : 0
        }
        guard status.f_flag & UInt(ST_RDONLY) == 0 else { return 0 }
        let (count, isMore) = status.f_bavail.multipliedReportingOverflow(by: status.f_frsize)
        return isMore ? .max : Int64(clamping: count)
    }
}
