import Glibc

/// A file of settings, read whole.
struct SmallTextFile {
    private static let greatestByteCount = 64 * 1024

    enum Flaw: Error {
        case unreadable(SystemCallFailure)
        case tooLarge
        /// No UTF-8.
        case notText

        /// What is wrong, and what to do about it. `content` is what the file should hold.
        func cause(_ content: String) -> (cause: String, fix: String) {
            switch self {
            case .unreadable(let failure):
                ("it cannot be read (\(failure.call): \(failure.text))", "check that this user may read it")
            case .tooLarge: ("it is larger than 64 KiB", "check that it is the file with \(content)")
            case .notText: ("it is no text in UTF-8", "check that it is the file with \(content)")
            }
        }
    }

    /// With plain line ends.
    static func text(of path: String) throws(Flaw) -> String {
        var bytes: [UInt8] = []
        do {
            let file = try Descriptor.open(path, O_RDONLY)
            var piece = [UInt8](repeating: 0, count: 4096)
            while bytes.count <= greatestByteCount, let count = try file.read(into: &piece), count > 0 {
                bytes += piece[..<count]
            }
        } catch {
            throw .unreadable(error)
        }
        guard bytes.count <= greatestByteCount else { throw .tooLarge }
        guard let text = String(validating: bytes, as: UTF8.self) else { throw .notText }
        return text.replacing("\r\n", with: "\n")
    }
}

extension Substring {
    /// Without white space at its ends.
    var trimmed: Substring {
        let start = drop(while: \.isWhitespace)
        guard let last = start.lastIndex(where: { !$0.isWhitespace }) else { return start.prefix(0) }
        return start[...last]
    }
}
