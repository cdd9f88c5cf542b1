import RecorderIO

@testable import HTTP
@testable import OTLP
@testable import RecordingExport

/// Reads the bytes as an HTTP server's answer, head and body, and has all who talk to servers make sense of it.
enum AnswersFuzz {
    private static let asked = "https://user-data.example:8443/in/a%20b?X-Amz-Signature=secret"

    static func run(_ bytes: [UInt8]) throws {
        guard let response = try response(bytes) else { return }
        try readHead(response)
        try readReceipt(response)
        try readS3(response)
        try readLiveKit(response)
        try readOTLP(response)
    }

    /// As `HTTPTransfer` takes it from libcurl; nil where the head does not end.
    private static func response(_ bytes: [UInt8]) throws -> HTTPResponse? {
        let exchange = HTTPExchange(try HTTPBodyReader(.none, nil), keeping: 64 * 1024)
        var rest = bytes[...]
        while !exchange.isHeadComplete {
            guard let end = rest.firstIndex(of: UInt8(ascii: "\n")) else { return nil }
            exchange.takeHeader(String(decoding: rest[...end], as: UTF8.self))
            rest = rest[(end + 1)...]
        }
        exchange.keep(Array(rest))
        return HTTPResponse(
            status: exchange.status,
            headers: exchange.headers,
            body: exchange.kept,
            isBodyComplete: !exchange.isTruncated,
            url: try HTTPURL(asked)
        )
    }

    private static func readHead(_ response: HTTPResponse) throws {
        if let wait = response.retryAfter(now: 1_790_000_000) {
            try Contradiction.unless(wait >= .zero && wait <= .seconds(1_000_000_000), "Retry-After of \(wait)")
        }
        guard let location = response["Location"] else { return }
        do throws(HTTPURL.Flaw) {
            let url = try response.url.resolving(location)
            let again = try HTTPURL(url.description)
            guard again == url, url.isSameOrigin(as: again), url.path.hasPrefix("/"), !url.withoutQuery.contains("?")
            else { throw .host }
        } catch .host where location.contains("://") || location.hasPrefix("//") {
            return
        } catch .host {
            throw Contradiction(description: "\(location) is resolved to no URL")
        } catch {
            return
        }
    }

    private static func readReceipt(_ response: HTTPResponse) throws {
        let failure = HTTPFailure(url: response.url, file: Examples.file)
        do throws(HTTPReceipt.Flaw) {
            let url = try HTTPReceipt(response: response, file: Examples.file).verified()
            guard [200, 201, 204].contains(response.status), !url.contains("?") else { throw .status }
        } catch {
            let isTaken = error == .status && [200, 201, 204].contains(response.status)
            try Contradiction.unless(!isTaken, "a delivered recording's URL has a query")
            try check(failure.unverified(response, error))
        }
        if let wait = response.retryAfter(now: 0) { try check(failure.mustWait(response, wait)) }
    }

    private static func readS3(_ response: HTTPResponse) throws {
        let target = try S3Target(bucket: "bucket", endpoint: try HTTPURL("https://s3.example"))
        let failure = S3Failure(target: target, file: Examples.file, url: response.url)
        let answer = S3Answer(response, attempt: 1)
        _ = (answer.isPassing, answer.refusesCondition, answer.isUploadGone)
        if !answer.isSuccess {
            try check(failure.refused(answer, clockSkew: response.date.map { Double($0) - 1_790_000_000 }))
        }
        try check(failure.notS3(answer, lacking: "an UploadId"))
        _ = S3Object(response)?.isSame(as: Examples.file)
        let signature = S3Signature(
            S3Credentials(accessKeyID: "KEY", secretAccessKey: "SECRET"),
            region: "us-east-1",
            time: 1_790_000_000
        )
        let uploads = [answer.document].compactMap { $0 } + (answer.document?.children ?? [])
        for id in uploads.prefix(3).compactMap({ $0["UploadId"] }) {
            let request = S3Request.abortUpload(S3Upload(key: "in/a", id: id))
            let http = try request.http(target, signature, region: "us-east-1", isConditional: false)
            let value = http.url.query?.dropFirst("uploadId=".count) ?? ""
            try Contradiction.unless(PercentEncoding.decoded(value) == id, "the upload \(id) is asked for as \(value)")
        }
        guard let etag = response["ETag"] else { return }
        let complete = try S3Request.completeUpload(S3Upload(key: "in/a", id: "1"), etags: [etag, "b"], byteCount: 2)
        guard case .bytes(let body)? = complete.body.pieces?.first else { return }
        let told = S3Element(xml: body)?.children.first?["ETag"]
        try Contradiction.unless(told == etag, "the ETag \(etag.debugDescription) is told as \(told.debugDescription)")
    }

    private static func readLiveKit(_ response: HTTPResponse) throws {
        let failure = LiveKitFailure(endpoint: response.url)
        switch LiveKitAnswer(response) {
        case .retry(let wait):
            try Contradiction.unless(wait >= .zero && wait <= .seconds(1_000_000_100), "RetryInfo of \(wait)")
            try check(failure.mustWait(response, wait))
        case .taken:
            try Contradiction.unless((200..<300).contains(response.status), "\(response.status) is taken")
        case .disabled, .refused: break
        }
        try check(failure.refused(response))
        if let date = response.date { try check(failure.clockIsOff(response, by: 1_790_000_000 - date)) }
    }

    private static func readOTLP(_ response: HTTPResponse) throws {
        let answer = OTLPAnswer(response)
        if let remark = answer.remark(ofSpans: 3) { try Contradiction.unlessShowable(remark) }
        guard !answer.isSuccess else { return }
        let error = OTLPExportError(refusedBy: answer)
        try Contradiction.unlessShowable(error.description)
        try Contradiction.unless(!error.description.contains("secret"), "a sentence with a URL's query")
    }

    private static func check(_ error: RecordingExportError) throws(Contradiction) {
        try Contradiction.unlessShowable(error.description)
        try Contradiction.unlessShowable(error.spanDescription)
        // What a server says may not reach a span, nor may what a URL asks for (SPAN-6).
        try Contradiction.unless(!error.spanDescription.contains("X-Amz-Signature"), "a span with a URL's query")
    }
}
