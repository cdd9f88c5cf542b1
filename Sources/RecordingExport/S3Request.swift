import FoundationEssentials
import HTTP
import RecorderIO

/// One call of the S3 API on one key, not signed yet.
struct S3Request: Sendable {
    var method: String
    /// Empty for the bucket itself.
    var key: String
    var query: [(String, String)] = []
    var headers: [HTTPRequest.Header] = []
    var body = HTTPRequest.Body.none
    /// Of the body.
    var sha256 = S3Signature.emptySHA256
    /// Asked only to make the object where there is none of that key: `If-None-Match: *`.
    var isConditional = false
    /// How much longer than usual the answer may take.
    var patience = Duration.zero

    static func head(_ key: String) -> S3Request { S3Request(method: "HEAD", key: key) }

    /// All of a recording in one request.
    static func put(_ key: String, _ recording: SessionRecording, _ file: FinishedRecording, _ target: S3Target)
        -> S3Request
    {
        S3Request(
            method: "PUT",
            key: key,
            headers: objectHeaders(recording, file, target)
                + [.init("x-amz-checksum-sha256", HTTPReceipt.base64(ofHexadecimal: file.sha256))],
            body: .file(path: file.path, byteCount: file.byteCount),
            sha256: file.sha256,
            isConditional: true
        )
    }

    static func createUpload(
        _ key: String,
        _ recording: SessionRecording,
        _ file: FinishedRecording,
        _ target: S3Target
    ) -> S3Request {
        S3Request(
            method: "POST",
            key: key,
            query: [("uploads", "")],
            headers: objectHeaders(recording, file, target),
            body: .bytes([])
        )
    }

    static func uploadPart(_ part: S3Part, of file: FinishedRecording, _ upload: S3Upload) -> S3Request {
        let piece = HTTPRequest.Body.Piece.file(path: file.path, range: part.range, fileByteCount: file.byteCount)
        return S3Request(
            method: "PUT",
            key: upload.key,
            query: [("partNumber", "\(part.number)"), ("uploadId", upload.id)],
            body: HTTPRequest.Body(pieces: [piece]),
            sha256: part.sha256
        )
    }

    /// - Parameters:
    ///   - etags: Of all parts, in order.
    ///   - byteCount: Of all parts together, which some servers copy before they answer: at 8 MiB each second or faster.
    static func completeUpload(_ upload: S3Upload, etags: [String], byteCount: Int64) throws(RecorderError)
        -> S3Request
    {
        let parts = etags.enumerated().map { index, etag in
            // As the server gave them; quotation marks are all that XML minds in them.
            let text = etag.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing("\"", with: "&quot;")
            return "<Part><PartNumber>\(index + 1)</PartNumber><ETag>\(text)</ETag></Part>"
        }
        let text = "<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">\(parts.joined())"
        let body = Array("\(text)</CompleteMultipartUpload>".utf8)
        return S3Request(
            method: "POST",
            key: upload.key,
            query: [("uploadId", upload.id)],
            headers: [.init("Content-Type", "application/xml")],
            body: .bytes(body),
            sha256: try SHA256.of(body),
            isConditional: true,
            patience: .seconds(Double(byteCount) / Double(8 << 20))
        )
    }

    static func abortUpload(_ upload: S3Upload) -> S3Request {
        S3Request(method: "DELETE", key: upload.key, query: [("uploadId", upload.id)])
    }

    /// The unfinished uploads of a key, and of others that begin so.
    static func listUploads(of key: String) -> S3Request {
        S3Request(method: "GET", key: "", query: [("prefix", key), ("uploads", "")])
    }

    private static func objectHeaders(
        _ recording: SessionRecording,
        _ file: FinishedRecording,
        _ target: S3Target
    ) -> [HTTPRequest.Header] {
        let storageClass = target.storageClass.map { [HTTPRequest.Header("x-amz-storage-class", $0)] } ?? []
        return [
            .init("Content-Type", file.mediaType),
            .init("x-amz-meta-recording-id", recording.recordingID.percentEncoded()),
            .init("x-amz-meta-sha256", file.sha256),
        ] + storageClass
    }

    /// As it is sent.
    func http(_ target: S3Target, _ signature: S3Signature, region: String, isConditional: Bool) throws -> HTTPRequest {
        let object = try target.url(ofKey: key, region: region)
        let url = query.isEmpty ? object : try HTTPURL("\(object)?\(S3Signature.query(query))")
        let condition = isConditional ? [HTTPRequest.Header("If-None-Match", "*")] : []
        let request = HTTPRequest(method: method, url: url, headers: headers + condition, body: body)
        return try signature.signed(request, payloadSHA256: sha256)
    }
}
