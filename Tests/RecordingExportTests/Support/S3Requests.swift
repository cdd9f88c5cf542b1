import LoopbackServer

/// Which call of the S3 API a request is.
enum S3Call: String, Hashable, Sendable {
    case head, put, list, create, part, complete, abort, other

    init(_ request: LoopbackServer.Received) {
        let query = request.target.split(separator: "?", maxSplits: 1).dropFirst().first ?? ""
        let hasUpload = query.contains("uploadId=")
        self =
            switch request.method {
            case "HEAD": .head
            case "PUT": hasUpload ? .part : .put
            case "GET" where query.contains("uploads="): .list
            case "POST" where query == "uploads=": .create
            case "POST" where hasUpload: .complete
            case "DELETE" where hasUpload: .abort
            default: .other
            }
    }
}

extension LoopbackServer.Reply {
    /// An error as S3 tells it.
    static func error(_ status: Int, _ code: String, _ headers: [String: String] = [:], more: String = "") -> Self {
        let body = "<Error><Code>\(code)</Code><Message>no &amp; never</Message>\(more)</Error>"
        return Self(status, headers, body: body)
    }

    /// A HEAD of an object.
    static func object(_ byteCount: Int, sha256: String? = nil) -> Self {
        var headers = ["ETag": "\"0\"", "Content-Length": "\(byteCount)"]
        if let sha256 { headers["x-amz-meta-sha256"] = sha256 }
        return Self(200, headers)
    }
}
