import HTTP
import RecorderIO

/// What a HEAD tells of an object.
struct S3Object: Hashable, Sendable {
    private let byteCount: Int64?
    /// Lower-case hexadecimal; nil where the server tells none.
    private let sha256: String?

    /// Nil where the answer is not that of an S3 server: each object has an ETag.
    init?(_ response: HTTPResponse) {
        guard response.status == 200, response["ETag"] != nil else { return nil }
        byteCount = response["Content-Length"].flatMap { Int64($0) }
        // Of an object in parts the checksum may be made of the parts' ones.
        let checksum = response["x-amz-checksum-sha256"].flatMap { $0.contains("-") ? nil : $0 }
        sha256 = checksum.map(HTTPReceipt.hexadecimal) ?? response["x-amz-meta-sha256"]?.lowercased()
    }

    /// Whether it is this recording. Without a digest it is judged by its size, and nil is returned where that is right.
    func isSame(as file: FinishedRecording) -> Bool? {
        guard byteCount == file.byteCount else { return false }
        return sha256.map { $0 == file.sha256 }
    }
}
