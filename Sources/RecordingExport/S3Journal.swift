import FoundationEssentials
import Glibc
import Synchronization

/// What is known of one upload in parts, on the disk before the next step is taken, so that a killed upload goes on where it
/// was.
///
/// A file of JSON lines that is only appended to; each line is synced. A line that a power cut tore is none: then a part is
/// sent again. Who has the file open has its lock, and nobody else delivers that recording to that place.
final class S3Journal: Sendable {
    struct Upload: Codable, Hashable, Sendable {
        var id: String
        /// Nil for AWS itself.
        var endpoint: String?
        var bucket: String
        var key: String
        var recordingPath: String
        var byteCount: Int64
        var sha256: String
        var partByteCount: Int64
        var partSHA256s: [String]

        enum CodingKeys: String, CodingKey {
            case id = "upload_id"
            case endpoint
            case bucket
            case key
            case recordingPath = "recording_path"
            case byteCount = "bytes"
            case sha256
            case partByteCount = "part_bytes"
            case partSHA256s = "part_sha256"
        }
    }

    enum Entry: Codable, Sendable {
        /// The server gave an upload its id: what came before counts no more.
        case begun(Upload)
        /// The server has a part.
        case part(Int, etag: String)
        /// The server is about to be told that all parts are there.
        case completing
        /// The server knows the upload no more.
        case over
    }

    private struct State {
        var upload: Upload?
        var etags: [Int: String] = [:]
        var isCompleting = false

        mutating func apply(_ entry: Entry) {
            switch entry {
            case .begun(let upload): self = State(upload: upload)
            case .part(let number, let etag): etags[number] = etag
            case .completing: isCompleting = true
            case .over: self = State()
            }
        }
    }

    static let suffix = ".jsonl"

    private let folderPath: String
    private let folder: TargetDirectory
    private let name: String
    private let file: Descriptor
    private let state: Mutex<State>

    /// Opens a journal, and makes it where it is missing. Nil where another delivery has it open.
    init?(folder path: String, name: String) throws {
        folderPath = path
        self.name = name
        do throws(SystemCallFailure) {
            folder = try TargetDirectory(path: path)
            while true {
                let file = try folder.descriptor.open(name, O_RDWR | O_CREAT | O_APPEND | O_NOFOLLOW, mode: 0o600)
                guard try file.tryLock() else { return nil }
                // It may have been removed before it was locked: then its name is another file's, or nobody's.
                guard try FileFacts.of(name, in: folder.descriptor)?.identity == FileFacts.of(file).identity else {
                    continue
                }
                try folder.sync()
                var bytes: [UInt8] = []
                var piece = [UInt8](repeating: 0, count: 1 << 16)
                while let count = try file.read(into: &piece), count > 0 { bytes += piece[..<count] }
                // So that what comes next does not become a part of a torn line.
                if let last = bytes.last, last != UInt8(ascii: "\n") { try Self.write([UInt8(ascii: "\n")], to: file) }
                state = Mutex(Self.state(bytes))
                self.file = file
                return
            }
        } catch {
            throw RecordingExportError(writing: path, error)
        }
    }

    deinit { file.unlock() }

    var upload: Upload? { state.withLock { $0.upload } }
    /// By the number of the part.
    var etags: [Int: String] { state.withLock { $0.etags } }
    var isCompleting: Bool { state.withLock { $0.isCompleting } }

    /// May be called from anywhere.
    func append(_ entry: Entry) throws {
        let line = try JSONEncoder().encode(entry) + [UInt8(ascii: "\n")]
        do {
            try state.withLock { state in
                try Self.write(Array(line), to: file)
                try file.sync()
                state.apply(entry)
            }
        } catch let error as SystemCallFailure {
            throw RecordingExportError(writing: folderPath, error)
        }
    }

    /// Once there is nothing to go on with any more.
    func remove() throws(SystemCallFailure) {
        try folder.remove(name)
        try folder.sync()
    }

    private static func state(_ bytes: [UInt8]) -> State {
        var state = State()
        for line in bytes.split(separator: UInt8(ascii: "\n")) {
            do {
                state.apply(try JSONDecoder().decode(Entry.self, from: Data(line)))
            } catch {
                // A torn line: what it would have said is done once more.
                continue
            }
        }
        return state
    }

    private static func write(_ bytes: [UInt8], to file: borrowing Descriptor) throws(SystemCallFailure) {
        var rest = bytes[...]
        while !rest.isEmpty { rest = rest.dropFirst(try file.write(rest) ?? 0) }
    }
}
