public import HTTP

/// Where an `S3Exporter` delivers to: a bucket, the key of the object in it, and how to send.
///
/// The key has the placeholders of an `HTTPTarget`, and must have `{recording_id}`: recordings never replace each other.
public struct S3Target: Hashable, Sendable {
    /// What is added to a prefix.
    public static let standardKey = "{host}/{yyyy}/{mm}/{dd}/{recording_id}.{ext}"

    static let standardPartByteCount: Int64 = 8 << 20

    public let bucket: String
    /// Not expanded.
    public let keyTemplate: String
    /// Nil for AWS itself. Addressed path-style: `ENDPOINT/BUCKET/KEY`.
    public let endpoint: HTTPURL?
    /// Nil for `AWS_REGION`, else `AWS_DEFAULT_REGION`, else `us-east-1`.
    public var region: String?
    /// How long the URL in the result lets everybody read the object, at most 7 days; nil for a plain URL.
    public var presigning: Duration?
    /// Of a part of a large recording, 5 MiB to 5 GiB; more where 10,000 parts would not be enough.
    public var partByteCount = standardPartByteCount
    /// Such as `STANDARD_IA`; nil for the bucket's own.
    public var storageClass: String?
    /// Larger recordings are `too_large`.
    public var greatestByteCount: Int64?
    /// Nil leaves the exporter's own.
    public var timeLimit: Duration?

    /// - Parameter key: A key with placeholders, or a prefix, which gets `standardKey` behind it.
    /// - Throws: `RecordingExportError` of kind `configuration`, one sentence that names the fix.
    public init(
        bucket: String,
        key: String = "",
        endpoint: HTTPURL? = nil,
        region: String? = nil
    ) throws(RecordingExportError) {
        let isPrefix = !key.contains("{recording_id}")
        keyTemplate = isPrefix ? "\(key)\(key.isEmpty || key.hasSuffix("/") ? "" : "/")\(Self.standardKey)" : key
        self.bucket = bucket
        self.endpoint = endpoint
        self.region = region
        let shown = "s3://\(bucket)/\(key)"
        guard bucket.wholeMatch(of: /[A-Za-z0-9][A-Za-z0-9._\-]{2,62}/) != nil else {
            throw Self.failure(shown, "it names no bucket", "write s3://BUCKET/PREFIX/")
        }
        if let name = RecordingPlaceholders.unknown(in: key) {
            throw Self.failure(shown, "{\(name)} is no placeholder", "use \(RecordingPlaceholders.list)")
        }
        if let endpoint, endpoint.query != nil {
            throw Self.failure(shown, "its endpoint has a query", "write endpoint=https://HOST:PORT")
        }
        if let region, region.wholeMatch(of: /[A-Za-z0-9\-]+/) == nil {
            throw Self.failure(shown, "its region is none", "write one such as region=eu-west-1")
        }
        _ = try url(ofKey: try self.key(.examples), region: "us-east-1")
    }

    func region(in environment: [String: String]) -> String {
        let given = [region, environment["AWS_REGION"], environment["AWS_DEFAULT_REGION"]]
        return given.compactMap { $0 }.first { !$0.isEmpty } ?? "us-east-1"
    }

    func key(_ placeholders: RecordingPlaceholders) throws(RecordingExportError) -> String {
        let key = placeholders.filled(keyTemplate)
        let parts = key.split(separator: "/", omittingEmptySubsequences: false)
        // What is in between normalizes such paths, and the signature with them.
        guard !parts.contains(where: { ["", ".", ".."].contains($0) }) else {
            throw failure("its key has an empty part, or . or .. for one", "leave that part out")
        }
        guard key.utf8.count <= 1024, key.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7f }) else {
            throw failure("its key is longer than 1024 bytes, or holds a control character", "use a shorter prefix")
        }
        return key
    }

    /// Of the object, or of the bucket where the key is empty.
    func url(ofKey key: String, region: String) throws(RecordingExportError) -> HTTPURL {
        let path = key.percentEncoded(keeping: "/")
        let text: String
        if let endpoint {
            let base = endpoint.withoutQuery
            text = "\(base)\(base.hasSuffix("/") ? "" : "/")\(bucket)/\(path)"
        } else {
            let host = "s3.\(region).amazonaws.com\(region.hasPrefix("cn-") ? ".cn" : "")"
            // Of a name with a dot in it there is no certificate, and a host has no capital letters.
            let isHost = bucket.wholeMatch(of: /[a-z0-9\-]+/) != nil
            text = isHost ? "https://\(bucket).\(host)/\(path)" : "https://\(host)/\(bucket)/\(path)"
        }
        do {
            return try HTTPURL(text)
        } catch {
            throw failure("its region or endpoint makes no URL", "correct region= and endpoint=")
        }
    }

    private func failure(_ cause: String, _ fix: String) -> RecordingExportError {
        Self.failure("s3://\(bucket)/\(keyTemplate)", cause, fix)
    }

    static func failure(_ url: String, _ cause: String, _ fix: String) -> RecordingExportError {
        HTTPTarget.failure(url, cause, fix)
    }
}
