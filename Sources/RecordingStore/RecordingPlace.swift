public import RecorderIO

/// Where a recording is put: a file of the user's choice, or a folder of the recording's own.
public enum RecordingPlace: Hashable, Sendable {
    /// The recording at exactly this path, and its report beside it.
    case file(path: String)
    /// A new folder below this one, named after the start time and the recording's id, so that names sort by time and
    /// never collide (REC-7).
    case directory(path: String)

    /// The recording's file.
    ///
    /// - Parameter startedAt: as in a file name: `20261123T013000Z`.
    public func filePath(recordingID: String, startedAt: String, container: Container) -> String {
        switch self {
        case .file(let path): path
        case .directory(let path):
            "\(path)/recordings/\(startedAt)-\(recordingID)/recording.\(container.fileExtension)"
        }
    }

    /// The report beside a recording.
    public static func reportPath(forFile path: String) -> String { path + ".json" }
}
