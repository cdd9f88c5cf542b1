internal import RecorderIO

/// The bytes of a file that a process left behind, a piece of them in memory at a time.
struct PartBytes: ~Copyable {
    private let path: String
    let container: Container
    private let file: PartFile
    /// The file's real length, which is all that is believed of it.
    let byteCount: Int64
    private var piece: [UInt8]
    /// Where in the file `piece` starts, and how many of its bytes are the file's.
    private var pieceStart: Int64 = 0
    private var pieceByteCount: Int64 = 0

    static let pieceByteCount = 1 << 18

    init(path: String, container: Container) throws(RepairError) {
        self.path = path
        self.container = container
        let opened = try Self.open(path)
        byteCount = try Self.byteCount(of: opened)
        file = opened
        piece = [UInt8](repeating: 0, count: Self.pieceByteCount)
    }

    private static func open(_ path: String) throws(RepairError) -> PartFile {
        do throws(RecorderError) { return try PartFile(leftBehindAt: path) } catch { throw .file(error) }
    }

    private static func byteCount(of file: borrowing PartFile) throws(RepairError) -> Int64 {
        do throws(RecorderError) { return try file.byteCount() } catch { throw .file(error) }
    }

    var noAudio: RepairError { .noAudio(path: path) }
    var unreadable: RepairError { .unreadable(path: path, container: container) }

    /// One byte; nil behind the end.
    mutating func byte(at offset: Int64) throws(RepairError) -> UInt8? {
        let index = offset - pieceStart
        if index >= 0, index < pieceByteCount { return piece[Int(index)] }
        guard offset >= 0, offset < byteCount else { return nil }
        do throws(RecorderError) {
            pieceStart = offset
            pieceByteCount = Int64(try file.read(into: &piece, at: offset))
        } catch {
            throw .file(error)
        }
        return pieceByteCount > 0 ? piece[0] : nil
    }

    /// At most `count` bytes: fewer at the end.
    mutating func bytes(at offset: Int64, count: Int) throws(RepairError) -> [UInt8] {
        var bytes: [UInt8] = []
        while bytes.count < count, let byte = try byte(at: offset + Int64(bytes.count)) { bytes.append(byte) }
        return bytes
    }

    /// Changes the file, and puts it on the disk.
    func apply(_ edits: [RepairPlan.Edit]) throws(RepairError) {
        do throws(RecorderError) {
            for edit in edits {
                switch edit {
                case .write(let bytes, let offset): try file.write(bytes, at: offset)
                case .cut(let byteCount): try file.truncate(to: byteCount)
                }
            }
            try file.syncData()
        } catch {
            throw .file(error)
        }
    }
}
