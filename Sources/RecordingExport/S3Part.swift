import Glibc
import RecorderIO

/// A piece of a recording's file that is uploaded on its own.
struct S3Part: Hashable, Sendable {
    /// From 1 on.
    let number: Int
    let range: Range<Int64>
    let sha256: String

    /// The greatest number of parts.
    private static let greatestCount: Int64 = 10_000

    /// How large each part of a file is, but for the last one.
    static func byteCount(ofFile fileByteCount: Int64, atLeast least: Int64) -> Int64 {
        max(least, (fileByteCount + greatestCount - 1) / greatestCount)
    }

    /// The digests of a file's parts, taken in one pass that also looks that all of it is what was finalized (EXP-6): what
    /// is sent later is compared with them.
    static func digests(of file: FinishedRecording, byteCount: Int64) throws -> [String] {
        let source: Descriptor
        do { source = try Descriptor.open(file.path, O_RDONLY) } catch {
            throw RecordingExportError(reading: file, error)
        }
        var whole = try SHA256()
        var part = try SHA256()
        var partLeft = byteCount
        var read: Int64 = 0
        var digests: [String] = []
        var piece = [UInt8](repeating: 0, count: 1 << 18)
        while read < file.byteCount {
            try Task.checkCancellation()
            let count: Int
            do { count = try source.read(into: &piece) ?? 0 } catch {
                throw RecordingExportError(reading: file, error)
            }
            guard count > 0 else { break }
            read += Int64(count)
            var rest = piece[..<count]
            try whole.update(rest)
            while !rest.isEmpty {
                let taken = rest.prefix(Int(min(partLeft, Int64(rest.count))))
                try part.update(taken)
                partLeft -= Int64(taken.count)
                rest = rest.dropFirst(taken.count)
                if partLeft == 0 || read == file.byteCount && rest.isEmpty {
                    digests.append(try part.finalize())
                    part = try SHA256()
                    partLeft = byteCount
                }
            }
        }
        guard read == file.byteCount, try whole.finalize() == file.sha256 else {
            throw RecordingExportError(changed: file)
        }
        return digests
    }
}

extension S3Journal.Upload {
    /// The parts of the file that it is of; nil where the journal tells of another one, or is damaged.
    func parts(of file: FinishedRecording) -> [S3Part]? {
        guard sha256 == file.sha256, file.byteCount > 0, partByteCount > 0,
            (file.byteCount - 1) / partByteCount + 1 == partSHA256s.count
        else { return nil }
        return partSHA256s.enumerated().map { index, sha256 in
            let start = Int64(index) * partByteCount
            let end = start + min(partByteCount, file.byteCount - start)
            return S3Part(number: index + 1, range: start..<end, sha256: sha256)
        }
    }
}

/// An upload in parts that a server knows.
struct S3Upload: Hashable, Sendable {
    let key: String
    let id: String
}
