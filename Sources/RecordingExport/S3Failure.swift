import HTTP
import RecorderIO

/// The sentences about an S3 server that did not take a recording.
struct S3Failure {
    let target: S3Target
    let file: FinishedRecording
    /// The object's.
    let url: HTTPURL

    var http: HTTPFailure { HTTPFailure(url: url, file: file, timeLimitOption: "?timeout=SECONDS") }

    /// - Parameter clockSkew: Seconds that the server's clock is ahead of this machine's.
    func refused(_ answer: S3Answer, clockSkew: Double?) -> RecordingExportError {
        let (kind, fix) = advice(answer)
        if answer.code == "RequestTimeTooSkewed", let clockSkew { return skewed(clockSkew) }
        let status = "\(answer.response.status)\(answer.code.map { " \($0.printable())" } ?? "")"
        let words = (answer.document?["Message"] ?? "").printable()
        return http.failed(
            kind,
            "it answered \(status)\(words.isEmpty ? "" : " (\"\(words)\")")",
            fix,
            onSpan: "the S3 server answered with status \(status)",
            isRetryable: kind == .failed,
            concernsTarget: kind == .configuration || [429, 502, 503, 504].contains(answer.response.status)
        )
    }

    private func advice(_ answer: S3Answer) -> (RecordingExportError.Kind, String) {
        let status = answer.response.status
        if let region = answer.region {
            return (.configuration, "the bucket is in another region, use region=\(region.printable())")
        }
        switch answer.code {
        case "SignatureDoesNotMatch":
            return (.configuration, "check AWS_SECRET_ACCESS_KEY, or the secret in the credentials file")
        case "InvalidAccessKeyId":
            return (.configuration, "check AWS_ACCESS_KEY_ID, or the id in the credentials file")
        case "ExpiredToken", "InvalidToken", "TokenRefreshRequired":
            return (.configuration, "renew AWS_SESSION_TOKEN and the keys that belong to it")
        case "RequestTimeTooSkewed": return (.configuration, "set this machine's clock")
        case "NoSuchBucket":
            return (.configuration, "make the bucket \(target.bucket), or correct its name and endpoint=")
        case "AuthorizationHeaderMalformed", "PermanentRedirect", "IllegalLocationConstraintException":
            return (.configuration, "use the bucket's own region with region=, and its endpoint")
        case "EntityTooLarge": return (.tooLarge, "use a larger part-size, or record in a smaller --container")
        case "EntityTooSmall": return (.configuration, "use a larger part-size")
        case "InvalidStorageClass": return (.configuration, "use a storage-class that the server knows")
        default: break
        }
        switch status {
        case _ where answer.isPassing: return (.failed, "try again later, and look in the server's log")
        case 301, 307, 308: return (.configuration, "use the bucket's own region with region=, and its endpoint")
        case 401, 403:
            let actions = "s3:PutObject, s3:GetObject, s3:AbortMultipartUpload and s3:ListBucketMultipartUploads"
            return (.configuration, "check the keys, and allow them \(actions) there")
        case 413: return (.tooLarge, "use a larger part-size, or record in a smaller --container")
        case 400..<500: return (.configuration, "check the bucket, the endpoint and the options")
        case 501: return (.configuration, "leave out storage-class, or use a server that knows what is asked of it")
        case 500...: return (.failed, "try again later, and look in the server's log")
        default: return (.configuration, "check endpoint=, and whether a proxy or a login is in between")
        }
    }

    private func skewed(_ seconds: Double) -> RecordingExportError {
        let minutes = Int((abs(seconds) / 60).rounded())
        return http.failed(
            .configuration,
            "this machine's clock is \(minutes) minutes \(seconds > 0 ? "behind" : "ahead of") the server's",
            "set it, such as with timedatectl set-ntp true",
            onSpan: "this machine's clock differs from the S3 server's by \(minutes) minutes"
        )
    }

    /// What was answered is not what an S3 server says to that.
    func notS3(_ answer: S3Answer, lacking what: String) -> RecordingExportError {
        http.failed(
            .configuration,
            "it answered \(answer.response.status) without \(what), as no S3 server does",
            "check endpoint=, and whether a proxy or a login is in between",
            onSpan: "the server answered as no S3 server does"
        )
    }

    /// Something else has the key.
    var taken: RecordingExportError {
        http.failed(
            .configuration,
            "an object of that key is there already and is another file",
            "move it away, and export again",
            onSpan: "another object has the recording's key in the bucket",
            concernsTarget: false
        )
    }

    /// After all was sent (EXP-6).
    func notThere(isOther: Bool) -> RecordingExportError {
        let cause = isOther ? "has another size or SHA-256 than was sent" : "is not there"
        return http.failed(
            .failed,
            "all was sent, and then the object \(cause)",
            "export it again, and look in the server's log",
            onSpan: "after the upload the object \(cause)",
            isRetryable: true
        )
    }

    /// The server forgot the upload, again and again.
    var forgotten: RecordingExportError {
        http.failed(
            .failed,
            "it forgets uploads before they are complete",
            "look in the server's log, and at the bucket's rules for unfinished uploads",
            onSpan: "the S3 server forgot the upload",
            isRetryable: true
        )
    }
}
