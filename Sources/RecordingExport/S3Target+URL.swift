import HTTP

extension S3Target {
    /// Reads what stands after `--export`: `s3://BUCKET/KEY-OR-PREFIX?OPTION=VALUE&...`, percent-encoded.
    init(url text: String) throws(RecordingExportError) {
        let parts = text.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        let place = parts[0].firstRange(of: "://").map { parts[0][$0.upperBound...] } ?? ""
        let bucket = place.prefix { $0 != "/" }
        guard !bucket.contains("@") else {
            throw Self.failure(
                text,
                "it has a user or a password in it",
                "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY instead"
            )
        }
        guard !text.contains("#") else { throw Self.failure(text, "it has a #", "write %23 for a # in it") }
        guard let key = PercentEncoding.decoded(place[bucket.endIndex...].dropFirst()) else {
            let cause = "it has a % that no two hexadecimal digits of UTF-8 follow"
            throw Self.failure(text, cause, "write %25 for a % in it")
        }
        let options = parts.count > 1 ? TargetOptions.pairs(of: parts[1]) : []
        var values: [String: String] = [:]
        for (name, value) in options {
            guard let value = PercentEncoding.decoded(value), values.updateValue(value, forKey: String(name)) == nil
            else {
                throw Self.failure(text, "an option is there twice, or wrongly encoded", "write each of them once")
            }
        }
        let endpoint = try values.removeValue(forKey: "endpoint").map { value throws(RecordingExportError) in
            try Self.endpoint(value, text)
        }
        try self.init(
            bucket: String(bucket),
            key: key,
            endpoint: endpoint,
            region: values.removeValue(forKey: "region")
        )
        for (name, value) in values { try set(name, to: value[...], text) }
    }

    private mutating func set(
        _ option: String,
        to value: Substring,
        _ text: String
    ) throws(RecordingExportError) {
        switch option {
        case "presign":
            guard let duration = TargetOptions.seconds(value, limit: 7 * 86400), duration >= .seconds(1) else {
                throw Self.failure(text, "presign is a number of seconds, at most 7 days", "write 604800 or less")
            }
            presigning = duration
        case "part-size":
            guard let count = TargetOptions.byteCount(value), (5 << 20...5 << 30).contains(count) else {
                throw Self.failure(text, "part-size is a number of bytes from 5 MiB to 5 GiB", "write 8388608 or so")
            }
            partByteCount = count
        case "storage-class":
            guard value.wholeMatch(of: /[A-Z0-9_]+/) != nil else {
                throw Self.failure(text, "storage-class is none", "write one such as STANDARD_IA")
            }
            storageClass = String(value)
        case "max-bytes":
            guard let count = TargetOptions.byteCount(value) else {
                throw Self.failure(text, "max-bytes is a number of bytes above 0", "write it in digits")
            }
            greatestByteCount = count
        case "timeout":
            guard let limit = TargetOptions.seconds(value) else {
                throw Self.failure(text, "timeout is a number of seconds above 0, at most a day", "write it in digits")
            }
            timeLimit = limit
        default:
            throw Self.failure(
                text,
                "an option after the ? is unknown",
                "use endpoint, region, presign, part-size, storage-class, max-bytes and timeout, as NAME=VALUE joined by &"
            )
        }
    }

    private static func endpoint(_ value: String, _ text: String) throws(RecordingExportError) -> HTTPURL {
        do {
            return try HTTPURL(value)
        } catch .credentials {
            throw failure(
                text,
                "its endpoint has a user or a password in it",
                "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY instead"
            )
        } catch {
            throw failure(text, "its endpoint is no URL", "write endpoint=https://HOST:PORT")
        }
    }
}
