/// Why spans could not be written to their file.
public struct SpansFileError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The C call that failed.
    public enum Call: String, Hashable, Sendable {
        case mkdir, open, fstat, pread, write, fsync
    }

    public let call: Call
    /// What it was called on: the file, or a folder above it.
    public let path: String
    /// The `errno` that it left.
    public let code: Int32
    /// The system's words for `code`.
    public let reason: String

    /// Whether the same may go well later with nobody changing a permission or a path.
    public var isRetryable: Bool { AppendOnlyFile.isPassing(code) }

    /// One sentence that names the fix.
    public var description: String {
        let fix = isRetryable ? "make room there" : "make it writable"
        return "spans cannot be kept in \(path) (\(call.rawValue): \(reason)): \(fix), or choose another folder"
    }
}
