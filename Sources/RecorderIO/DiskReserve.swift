internal import Glibc

/// Room on the recording's disk that is kept for its end, and given back when the disk is full: for what the encoder still
/// holds, the last header, the report, and the journal (REC-9).
///
/// A fence. It is an open file of real blocks that has no name: whatever becomes of the process, the system frees it, and
/// nothing has to be cleaned up. Blocks reserved ahead in the recording itself would leave its repair a tail to cut off, and
/// the report nothing.
@safe
struct DiskReserve: ~Copyable {
    /// Twice what `EncodedBytes` holds and one write of `RecorderLoop`, with the codec's last block.
    static let byteCount: Int64 = 2 << 20

    private let descriptor: Int32

    /// Takes the room on the disk of this folder.
    init(in folder: String) throws(RecorderError) {
        let path = "\(folder)/.reserve-\(UInt64.random(in: 0 ... .max))"
        let descriptor = unsafe open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw .file(path: path, call: "open", code: errno) }
        unsafe unlink(path)
        let code = posix_fallocate(descriptor, 0, off_t(Self.byteCount))
        guard code == 0 else {
            close(descriptor)
            throw .file(path: folder, call: "posix_fallocate", code: code)
        }
        self.descriptor = descriptor
    }

    deinit {
        // Not by closing: a child that was just forked may have the file open until it runs its own program.
        ftruncate(descriptor, 0)
        close(descriptor)
    }
}
