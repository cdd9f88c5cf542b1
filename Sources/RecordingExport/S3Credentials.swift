/// Who signs requests to an S3 server.
package struct S3Credentials: Hashable, Sendable {
    package var accessKeyID: String
    package var secretAccessKey: String
    /// Of temporary credentials.
    package var sessionToken: String?

    package init(accessKeyID: String, secretAccessKey: String, sessionToken: String? = nil) {
        self.accessKeyID = accessKeyID
        self.secretAccessKey = secretAccessKey
        self.sessionToken = sessionToken
    }

    /// From the first of these that there is:
    /// 1. `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY` and `AWS_SESSION_TOKEN`;
    /// 2. the shared credentials file that `AWS_SHARED_CREDENTIALS_FILE` names;
    /// 3. `aws-credentials` in systemd's `$CREDENTIALS_DIRECTORY`, in the format of that file;
    /// 4. `~/.aws/credentials`.
    ///
    /// Of a file it is the section that `AWS_PROFILE` names, else `default`.
    package static func find(in environment: [String: String]) throws(RecordingExportError) -> S3Credentials {
        let environment = environment.filter { !$0.value.isEmpty }
        let id = environment["AWS_ACCESS_KEY_ID"]
        let secret = environment["AWS_SECRET_ACCESS_KEY"]
        if id != nil || secret != nil {
            guard let id, let secret else {
                throw failure("only one of AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY is set", "set both, or none")
            }
            return try S3Credentials(id, secret, environment["AWS_SESSION_TOKEN"], "the environment")
        }
        let profile = environment["AWS_PROFILE"] ?? "default"
        if let path = environment["AWS_SHARED_CREDENTIALS_FILE"] { return try S3Credentials(file: path, profile) }
        for (variable, name) in [("CREDENTIALS_DIRECTORY", "aws-credentials"), ("HOME", ".aws/credentials")] {
            guard let path = environment[variable].map({ "\($0)/\(name)" }), exists(path) else { continue }
            return try S3Credentials(file: path, profile)
        }
        throw failure(
            "there are no credentials",
            "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or write them to ~/.aws/credentials, or to the systemd "
                + "credential aws-credentials"
        )
    }

    private init(
        _ id: String,
        _ secret: String,
        _ token: String?,
        _ place: String
    ) throws(RecordingExportError) {
        // They become a part of headers.
        guard "\(id)\(secret)\(token ?? "")".utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f }) else {
            throw Self.failure("a key or token in \(place) holds a space or a control character", "remove it")
        }
        self.init(accessKeyID: id, secretAccessKey: secret, sessionToken: token)
    }

    private init(file path: String, _ profile: String) throws(RecordingExportError) {
        let text: String
        do throws(SmallTextFile.Flaw) {
            text = try SmallTextFile.text(of: path)
        } catch {
            let (cause, fix) = error.cause("the credentials")
            throw Self.failure("of the credentials file \(path): \(cause)", fix)
        }
        let values = Self.section(profile, of: text)
        guard let id = values["aws_access_key_id"], let secret = values["aws_secret_access_key"] else {
            throw Self.failure(
                "[\(profile)] in \(path) lacks aws_access_key_id or aws_secret_access_key",
                "add both lines to it, or name another section with AWS_PROFILE"
            )
        }
        try self.init(id, secret, values["aws_session_token"], path)
    }

    /// The lines `name = value` below `[name]`, by lower-case name, without the empty ones.
    private static func section(_ name: String, of text: String) -> [String: String] {
        var values: [String: String] = [:]
        var isInside = false
        for line in text.split(separator: "\n").map(\.trimmed) where !line.hasPrefix("#") && !line.hasPrefix(";") {
            if line.hasPrefix("["), line.hasSuffix("]") {
                isInside = line.dropFirst().dropLast().trimmed == name
            } else if isInside, let sign = line.firstIndex(of: "=") {
                let value = line[line.index(after: sign)...].trimmed
                if !value.isEmpty { values[line[..<sign].trimmed.lowercased()] = String(value) }
            }
        }
        return values
    }

    private static func exists(_ path: String) -> Bool {
        do {
            return try FileFacts.of(path) != nil
        } catch {
            // A home that is no folder, or may not be entered, holds none.
            return false
        }
    }

    private static func failure(_ cause: String, _ fix: String) -> RecordingExportError {
        RecordingExportError(
            .configuration,
            "cannot sign requests to the S3 server: \(cause): \(fix)",
            onSpan: "the S3 exporter has no usable credentials"
        )
    }
}
