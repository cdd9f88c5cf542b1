internal import Glibc

/// Reads a request's body, piece after piece. A fence: open, pread and struct stat of the files in it.
final class HTTPBodyReader {
    /// Nil for no body.
    let byteCount: Int64?
    /// Why it could not go on.
    private(set) var failure: HTTPError?

    private let pieces: [OpenPiece]
    private let makeInspector: (() -> any HTTPBodyInspector)?
    private var inspector: (any HTTPBodyInspector)?
    private var offset: Int64 = 0

    init(_ body: HTTPRequest.Body, _ makeInspector: (() -> any HTTPBodyInspector)?) throws(HTTPError) {
        self.makeInspector = makeInspector
        var opened: [OpenPiece] = []
        var end: Int64 = 0
        for piece in body.pieces ?? [] {
            let next = try OpenPiece(piece, from: end)
            opened.append(next)
            end = next.range.upperBound
        }
        pieces = opened
        byteCount = body.pieces == nil ? nil : end
    }

    func rewind() {
        offset = 0
        inspector = nil
    }

    /// Fills `buffer` from the body. Returns how much; 0 at its end, nil to break off.
    func read(into buffer: UnsafeMutableRawBufferPointer) -> Int? {
        guard let piece = pieces.first(where: { $0.range.contains(offset) }) else { return 0 }
        do throws(HTTPError) {
            let count = try unsafe piece.read(into: buffer, at: offset)
            offset += Int64(count)
            return try inspect(unsafe UnsafeRawBufferPointer(rebasing: buffer[..<count]).bytes)
        } catch {
            failure = error
            return nil
        }
    }

    private func inspect(_ piece: RawSpan) throws(HTTPError) -> Int {
        if let makeInspector {
            let inspector = inspector ?? makeInspector()
            self.inspector = inspector
            guard inspector.inspect(piece, isLast: offset == byteCount) else {
                throw HTTPError(.inspection, "the body is not what it should be", mayHaveArrived: true)
            }
        }
        return piece.byteCount
    }
}

/// One piece of a body, with its file open.
private final class OpenPiece {
    /// Where it is in the body.
    let range: Range<Int64>
    private let bytes: [UInt8]
    private let path: String
    /// -1 for bytes in memory.
    private let file: Int32
    private let fileOffset: Int64
    private let fileByteCount: Int64

    init(_ piece: HTTPRequest.Body.Piece, from start: Int64) throws(HTTPError) {
        switch piece {
        case .bytes(let bytes):
            (self.bytes, path, file, fileOffset, fileByteCount) = (bytes, "", -1, 0, 0)
            range = start..<start + Int64(bytes.count)
        case .file(let path, let part, let byteCount):
            let opened = unsafe open(path, O_RDONLY | O_CLOEXEC)
            (bytes, self.path, file, fileOffset, fileByteCount) = ([], path, opened, part.lowerBound, byteCount)
            range = start..<start + Int64(part.count)
            guard opened >= 0 else { throw unreadable("open", errno) }
            var status = stat()
            guard unsafe fstat(opened, &status) == 0 else { throw unreadable("fstat", errno) }
            let isRegular = status.st_mode & S_IFMT == S_IFREG
            guard isRegular, Int64(status.st_size) == byteCount, part.upperBound <= byteCount else { throw changed }
        }
    }

    /// It was only read.
    deinit { if file >= 0 { _ = close(file) } }

    /// Fills `buffer` with what is at `offset` of the body, which is in `range`. Returns how much: at least one byte.
    func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int64) throws(HTTPError) -> Int {
        let wanted = Int(min(Int64(buffer.count), range.upperBound - offset))
        let start = offset - range.lowerBound
        if file < 0 {
            unsafe buffer.copyBytes(from: bytes[Int(start)..<Int(start) + wanted])
            return wanted
        }
        while true {
            let count = unsafe pread(file, buffer.baseAddress, wanted, off_t(fileOffset + start))
            if count > 0 { return count }
            if count < 0, errno == EINTR { continue }
            throw count < 0 ? unreadable("pread", errno) : changed
        }
    }

    private func unreadable(_ call: String, _ code: Int32) -> HTTPError {
        let text = unsafe strerror(code).map { unsafe String(cString: $0) } ?? "errno \(code)"
        return HTTPError(.body, "\(path) cannot be read (\(call): \(text))", mayHaveArrived: true, code: code)
    }

    private var changed: HTTPError {
        HTTPError(.body, "\(path) is not a file of \(fileByteCount) bytes any more", mayHaveArrived: true)
    }
}
