internal import FoundationEssentials
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
    /// - Parameters:
    ///   - startedAt: as in a file name: `20261123T013000Z`.
    ///   - number: 0 for a session's first file. The next ones are called `NAME-01.wav` and so on, as arecord does.
    public func filePath(recordingID: String, startedAt: String, container: Container, number: Int = 0) -> String {
        switch self {
        case .file(let path): number == 0 ? path : Self.numbered(path, number)
        case .directory(let path):
            "\(path)/recordings/\(startedAt)-\(recordingID)/recording.\(container.fileExtension)"
        }
    }

    /// The manifest of a recording in segments: `call.manifest.json` for a file `call.wav`, `manifest.json` in a folder of
    /// the recording's own.
    public func manifestPath(recordingID: String, startedAt: String, container: Container, number: Int = 0) -> String {
        let path = filePath(recordingID: recordingID, startedAt: startedAt, container: container, number: number)
        return switch self {
        case .file: Self.parts(ofFile: path).stem + ".manifest.json"
        case .directory: Folder.parent(of: path) + "/manifest.json"
        }
    }

    /// The file of a segment, beside the manifest: `call-NAME.wav` for a file `call.wav`, `NAME.wav` in a folder of the
    /// recording's own.
    ///
    /// - Parameter number: 0 for the first segment of that name. The next ones are called `NAME_01.wav` and so on, so that
    ///   names sort.
    public func segmentPath(_ name: String, manifestPath: String, container: Container, number: Int = 0) -> String {
        let name = number == 0 ? name : name + Self.suffix("_", number)
        return switch self {
        case .file(let file):
            "\(manifestPath.dropLast(".manifest.json".count))-\(name)\(Self.parts(ofFile: file).suffix)"
        case .directory: "\(Folder.parent(of: manifestPath))/\(name).\(container.fileExtension)"
        }
    }

    private static func numbered(_ path: String, _ number: Int) -> String {
        let (stem, suffix) = parts(ofFile: path)
        return stem + Self.suffix("-", number) + suffix
    }

    private static func suffix(_ sign: String, _ number: Int) -> String {
        number < 10 ? "\(sign)0\(number)" : "\(sign)\(number)"
    }

    /// A path without the ending of the file's name, and the ending with its dot.
    private static func parts(ofFile path: String) -> (stem: String, suffix: String) {
        let name = path[(path.lastIndex(of: "/").map { path.index(after: $0) } ?? path.startIndex)...]
        guard let dot = name.lastIndex(of: "."), dot != name.startIndex else { return (path, "") }
        return (String(path[..<dot]), String(path[dot...]))
    }

    /// What the name of a recording's own folder tells; nil for any other name.
    static func parts(ofFolder name: String) -> (recordingID: String, startedAt: Double)? {
        guard let dash = name.firstIndex(of: "-"), let id = UUID(uuidString: String(name[name.index(after: dash)...]))
        else { return nil }
        let style = Date.ISO8601FormatStyle(dateSeparator: .omitted, timeSeparator: .omitted)
        do {
            let date = try Date(String(name[..<dash]), strategy: style)
            // Other ways of writing a time are no names of ours.
            guard date.formatted(style) == name[..<dash] else { return nil }
            return (id.uuidString.lowercased(), date.timeIntervalSince1970)
        } catch {
            return nil
        }
    }

    /// The id of the recording whose own folder has that name; nil for any other folder.
    public static func recordingID(ofFolder name: String) -> String? { parts(ofFolder: name)?.recordingID }

    /// Whether `path` is where a folder of the recording's own has its file.
    public static func isOwnFolder(ofFile path: String) -> Bool {
        let parts = path.split(separator: "/")
        return parts.count >= 3 && parts[parts.count - 3] == "recordings"
            && Self.parts(ofFolder: String(parts[parts.count - 2])) != nil
    }

    /// The folder of its own that a recording's file is in; nil where it is in another.
    static func ownFolder(of recordingID: String, file path: String) -> String? {
        let folder = Folder.parent(of: path)
        return isOwnFolder(ofFile: path) && folder.hasSuffix("-\(recordingID)") ? folder : nil
    }

    /// The report beside a recording.
    public static func reportPath(forFile path: String) -> String { path + ".json" }
}
