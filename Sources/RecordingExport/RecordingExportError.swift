/// Why a recording was not delivered.
public struct RecordingExportError: Error, Hashable, CustomStringConvertible {
    public enum Kind: String, Sendable {
        case failed
        /// Something has to be set up differently: never retried blindly (EXP-9).
        case configuration
        /// The target does not take a file of this size.
        case tooLarge
        /// The recording's file is missing, unreadable, or not what was finalized.
        case unreadable
        case timeout
        /// The delivery was kept for later.
        case deferred
    }

    public let kind: Kind
    /// One sentence that names the fix. For the user and the report: it may name local paths.
    public let description: String
    /// One sentence for the span: no local path, no secret (SPAN-1, SPAN-6).
    public let spanDescription: String
    /// Whether the same call may succeed later with nothing changed by the user.
    public let isRetryable: Bool
    /// Whether any other recording would fail at that target in the same way now: it cannot be reached, or something has to
    /// be set up there first. Not given, that holds of `configuration`.
    public let concernsTarget: Bool
    /// The C call that failed, such as `fsync`.
    public let systemCall: String?
    /// Its errno.
    public let code: Int32?

    public init(
        _ kind: Kind,
        _ description: String,
        onSpan spanDescription: String,
        isRetryable: Bool = false,
        concernsTarget: Bool? = nil,
        systemCall: String? = nil,
        code: Int32? = nil
    ) {
        self.kind = kind
        self.description = description
        self.spanDescription = spanDescription
        self.isRetryable = isRetryable
        self.concernsTarget = concernsTarget ?? (kind == .configuration)
        self.systemCall = systemCall
        self.code = code
    }
}
