internal import Glibc

/// What goes out and comes in during one transfer. A fence: open, pread and struct stat of the body's file.
final class HTTPExchange {
    private(set) var status = 0
    private(set) var headers: [HTTPResponse.Header] = []
    /// Whether the headers of the final answer are all there.
    private(set) var isHeadComplete = false
    private(set) var kept: [UInt8] = []
    private(set) var isTruncated = false
    /// Why the body could not go on.
    private(set) var failure: HTTPError?
    /// Nil for no body.
    let bodyByteCount: Int64?

    private let bytes: [UInt8]
    private let path: String
    /// -1 for a body in memory.
    private let file: Int32
    private let keptByteCount: Int
    private let makeInspector: (() -> any HTTPBodyInspector)?
    private var inspector: (any HTTPBodyInspector)?
    private var offset: Int64 = 0

    init(
        _ body: HTTPRequest.Body,
        keeping keptByteCount: Int,
        _ makeInspector: (() -> any HTTPBodyInspector)?
    ) throws(HTTPError) {
        self.keptByteCount = keptByteCount
        self.makeInspector = makeInspector
        switch body {
        case .none: (bodyByteCount, bytes, path, file) = (nil, [], "", -1)
        case .bytes(let bytes): (bodyByteCount, self.bytes, path, file) = (Int64(bytes.count), bytes, "", -1)
        case .file(let path, let byteCount):
            let opened = unsafe open(path, O_RDONLY | O_CLOEXEC)
            (bodyByteCount, bytes, self.path, file) = (byteCount, [], path, opened)
            guard opened >= 0 else { throw Self.unreadable(path, "open", errno) }
            var status = stat()
            guard unsafe fstat(opened, &status) == 0 else { throw Self.unreadable(path, "fstat", errno) }
            guard status.st_mode & S_IFMT == S_IFREG, Int64(status.st_size) == byteCount else {
                throw Self.changed(path, byteCount)
            }
        }
    }

    /// It was only read.
    deinit { if file >= 0 { _ = close(file) } }

    func rewind() {
        offset = 0
        inspector = nil
    }

    /// Fills `buffer` from the body. Returns how much; 0 at its end, nil to break off.
    func read(into buffer: UnsafeMutableRawBufferPointer) -> Int? {
        let left = (bodyByteCount ?? 0) - offset
        guard left > 0 else { return 0 }
        let wanted = Int(min(Int64(buffer.count), left))
        if file < 0 {
            let start = Int(offset)
            unsafe buffer.copyBytes(from: bytes[start..<start + wanted])
            return pass(unsafe UnsafeRawBufferPointer(rebasing: buffer[..<wanted]).bytes)
        }
        while true {
            let count = unsafe pread(file, buffer.baseAddress, wanted, off_t(offset))
            if count > 0 { return pass(unsafe UnsafeRawBufferPointer(rebasing: buffer[..<count]).bytes) }
            if count < 0, errno == EINTR { continue }
            failure = count < 0 ? Self.unreadable(path, "pread", errno) : Self.changed(path, bodyByteCount ?? 0)
            return nil
        }
    }

    private func pass(_ piece: RawSpan) -> Int? {
        offset += Int64(piece.byteCount)
        if let makeInspector {
            let inspector = inspector ?? makeInspector()
            self.inspector = inspector
            guard inspector.inspect(piece, isLast: offset == bodyByteCount) else {
                failure = HTTPError(.inspection, "the body is not what it should be", mayHaveArrived: true)
                return nil
            }
        }
        return piece.byteCount
    }

    func keep(_ piece: [UInt8]) {
        let room = keptByteCount - kept.count
        kept += piece.prefix(room)
        if piece.count > room { isTruncated = true }
    }

    /// One line of an answer's head; a status line begins a new answer, such as the one after `100 Continue`.
    func takeHeader(_ line: String) {
        let text = line.trimmed
        if text.hasPrefix("HTTP/") {
            let words = text.split(separator: " ")
            status = words.count > 1 ? Int(words[1]) ?? 0 : 0
            headers = []
            isHeadComplete = false
        } else if text.isEmpty {
            isHeadComplete = status >= 200
        } else if let colon = text.firstIndex(of: ":") {
            let value = String(text[text.index(after: colon)...]).trimmed
            headers.append(HTTPResponse.Header(name: String(text[..<colon]), value: value))
        }
    }

    private static func unreadable(_ path: String, _ call: String, _ code: Int32) -> HTTPError {
        let text = unsafe strerror(code).map { unsafe String(cString: $0) } ?? "errno \(code)"
        return HTTPError(.body, "\(path) cannot be read (\(call): \(text))", mayHaveArrived: true, code: code)
    }

    private static func changed(_ path: String, _ byteCount: Int64) -> HTTPError {
        HTTPError(.body, "\(path) is not a file of \(byteCount) bytes any more", mayHaveArrived: true)
    }
}

extension String {
    /// Without white space at its ends.
    fileprivate var trimmed: String {
        let start = drop(while: \.isWhitespace)
        guard let last = start.lastIndex(where: { !$0.isWhitespace }) else { return "" }
        return String(start[...last])
    }
}
