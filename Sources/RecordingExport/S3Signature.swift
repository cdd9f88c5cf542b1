import FoundationEssentials
package import HTTP
package import RecorderIO

/// AWS's Signature Version 4, for one moment.
package struct S3Signature {
    private let credentials: S3Credentials
    private let region: String
    private let service: String
    private let time: Double

    /// - Parameter time: Seconds since 1970.
    package init(_ credentials: S3Credentials, region: String, service: String = "s3", time: Double) {
        self.credentials = credentials
        self.region = region
        self.service = service
        self.time = time
    }

    /// The SHA-256 of nothing.
    package static let emptySHA256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    /// The longest that a presigned URL may be good for.
    static let longestPresigning = Duration.seconds(7 * 86400)

    /// Such as `20130524T000000Z`.
    var timestamp: String {
        let style = Date.ISO8601FormatStyle(dateSeparator: .omitted, timeSeparator: .omitted)
        return Date(timeIntervalSince1970: time.rounded(.down)).formatted(style)
    }

    private var scope: String { "\(timestamp.prefix(8))/\(region)/\(service)/aws4_request" }

    /// A request with the headers that S3 asks for and `Authorization`. All headers that it has are signed.
    package func signed(_ request: HTTPRequest, payloadSHA256: String) throws(RecorderError) -> HTTPRequest {
        var request = request
        request.headers.append(.init("x-amz-content-sha256", payloadSHA256))
        request.headers.append(.init("x-amz-date", timestamp))
        if let token = credentials.sessionToken {
            request.headers.append(.init("x-amz-security-token", token, isSecret: true))
        }
        let value = try authorization(of: request, payloadSHA256: payloadSHA256)
        request.headers.append(.init("Authorization", value, isSecret: true))
        return request
    }

    /// The value of `Authorization` for a request that has all its other headers, but for `Host`.
    package func authorization(of request: HTTPRequest, payloadSHA256: String) throws(RecorderError) -> String {
        let canonical = CanonicalRequest(request, payloadSHA256: payloadSHA256)
        return "AWS4-HMAC-SHA256 Credential=\(credentials.accessKeyID)/\(scope), "
            + "SignedHeaders=\(canonical.signedHeaders), Signature=\(try signature(of: canonical))"
    }

    /// A URL that lets everybody who has it GET what is there, until the time is over (SPAN-6).
    package func presigned(_ url: HTTPURL, for duration: Duration) throws -> HTTPURL {
        var query = [
            ("X-Amz-Algorithm", "AWS4-HMAC-SHA256"), ("X-Amz-Credential", "\(credentials.accessKeyID)/\(scope)"),
            ("X-Amz-Date", timestamp), ("X-Amz-Expires", "\(Int64(duration / .seconds(1)))"),
            ("X-Amz-SignedHeaders", "host"),
        ]
        if let token = credentials.sessionToken { query.append(("X-Amz-Security-Token", token)) }
        let text = "\(url.withoutQuery)?\(Self.query(query))"
        let canonical = CanonicalRequest(
            HTTPRequest(method: "GET", url: try HTTPURL(text)),
            payloadSHA256: "UNSIGNED-PAYLOAD"
        )
        return try HTTPURL("\(text)&X-Amz-Signature=\(try signature(of: canonical))")
    }

    private func signature(of canonical: CanonicalRequest) throws(RecorderError) -> String {
        let hash = try SHA256.of(Array(canonical.description.utf8))
        let text = "AWS4-HMAC-SHA256\n\(timestamp)\n\(scope)\n\(hash)"
        var key = Array("AWS4\(credentials.secretAccessKey)".utf8)
        for part in [String(timestamp.prefix(8)), region, service, "aws4_request"] {
            key = try HMACSHA256.code(for: Array(part.utf8), key: key)
        }
        return try HMACSHA256.code(for: Array(text.utf8), key: key).hexadecimal
    }

    /// Names and values as a query, percent-encoded.
    static func query(_ pairs: [(String, String)]) -> String {
        pairs.map { "\($0.percentEncoded())=\($1.percentEncoded())" }.joined(separator: "&")
    }
}

/// A request in the one form that both sides sign.
private struct CanonicalRequest: CustomStringConvertible {
    /// Names, joined by semicolons.
    let signedHeaders: String
    let description: String

    init(_ request: HTTPRequest, payloadSHA256: String) {
        let authority = request.url.authority
        // As it is sent: without the port where that is the usual one.
        let usualPort = request.url.scheme == "https" ? ":443" : ":80"
        let host = authority.hasSuffix(usualPort) ? String(authority.dropLast(usualPort.count)) : authority
        var values: [String: [String]] = ["host": [host]]
        for header in request.headers {
            let words = header.value.split(separator: " ").joined(separator: " ")
            values[header.name.lowercased(), default: []].append(words)
        }
        let headers = values.sorted { $0.key < $1.key }
        signedHeaders = headers.map(\.key).joined(separator: ";")
        let lines = headers.map { "\($0.key):\($0.value.joined(separator: ","))\n" }.joined()
        let pairs = (request.url.query ?? "").split(separator: "&").map { pair in
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            return (String(parts[0]), parts.count > 1 ? String(parts[1]) : "")
        }
        let query = pairs.sorted(by: <).map { "\($0.0)=\($0.1)" }.joined(separator: "&")
        // S3 takes the path as it is: encoded once, and not normalized.
        description = [request.method, request.url.path, query, lines, signedHeaders, payloadSHA256]
            .joined(separator: "\n")
    }
}

extension [UInt8] {
    fileprivate var hexadecimal: String {
        let digits = Array<Character>("0123456789abcdef")
        return String(flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] })
    }
}
