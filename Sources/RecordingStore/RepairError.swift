public import RecorderIO

/// Why a file that a process left behind could not be made valid. It is as it was then, but for `file`.
public enum RepairError: Error, Hashable, Sendable {
    /// There is no whole frame in it: the process died before its first one was on the disk.
    case noAudio(path: String)
    /// The header is not one that the recorder writes for this container, or is damaged.
    case unreadable(path: String, container: Container)
    /// A living process writes it, or the disk refused; another try may go on where this one ended.
    case file(RecorderError)
}

extension RepairError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .noAudio(let path): "\(path) holds no whole frame of audio: remove it"
        case .unreadable(let path, let container):
            "\(path) has no whole \(container.rawValue) header: restore it by hand, or remove it"
        case .file(let error): error.description
        }
    }
}
