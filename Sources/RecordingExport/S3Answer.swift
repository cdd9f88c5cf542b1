import HTTP

/// What an S3 server answered.
struct S3Answer: Sendable {
    let response: HTTPResponse
    /// How often it was asked.
    let attempt: Int
    /// Nil where the body is no XML.
    let document: S3Element?

    init(_ response: HTTPResponse, attempt: Int) {
        self.response = response
        self.attempt = attempt
        document = response.isBodyComplete ? S3Element(xml: response.body) : nil
    }

    /// The name of the error, such as `NoSuchBucket`; nil for none. An error may come with 200 (CompleteMultipartUpload).
    var code: String? { document?.name == "Error" ? document?["Code"] ?? "Error" : nil }

    var isSuccess: Bool { (200..<300).contains(response.status) && code == nil }

    /// Whether the same request may work a little later.
    var isPassing: Bool {
        let passing = [
            "BadDigest", "ConditionalRequestConflict", "IncompleteBody", "InternalError", "OperationAborted",
            "RequestTimeout", "ServiceUnavailable", "SlowDown", "XAmzContentSHA256Mismatch",
        ]
        if let code, passing.contains(code) { return true }
        return [408, 425, 429, 500, 502, 503, 504].contains(response.status)
    }

    /// Whether it may be that the server does not know `If-None-Match`.
    var refusesCondition: Bool {
        if response.status == 501 || code == "NotImplemented" { return true }
        return response.status == 400 && ["InvalidArgument", "InvalidRequest", nil].contains(code)
    }

    var isUploadGone: Bool { code == "NoSuchUpload" }

    /// Where the bucket is, where the server says that it is elsewhere.
    var region: String? {
        guard [301, 307, 400].contains(response.status) else { return nil }
        return response["x-amz-bucket-region"] ?? document?["Region"]
    }
}
