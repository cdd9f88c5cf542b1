import HTTP

/// Where an `HTTPExporter` delivers to: a URL with placeholders, and how to send.
///
/// Placeholders are `{recording_id}`, `{session_id}`, `{ext}`, `{host}`, and `{yyyy}`, `{mm}`, `{dd}`: the recording's first
/// day, in UTC. Each may be used in the path and the query; what is put in is percent-encoded. To a path that ends with `/`
/// `{recording_id}.{ext}` is added.
public struct HTTPTarget: Hashable, Sendable {
    public enum Method: String, Hashable, Sendable {
        case put = "PUT"
        /// Not idempotent: a request that may have arrived is not sent again.
        case post = "POST"
    }

    /// Not expanded.
    public let template: String
    public var method: Method
    /// Absolute path of a file of headers, one `Name: value` a line; lines that begin with `#` are comments.
    public var headerFile: String?
    /// Larger recordings are `too_large`.
    public var greatestByteCount: Int64?
    /// Nil leaves the exporter's own.
    public var timeLimit: Duration?

    /// - Throws: `RecordingExportError` of kind `configuration`, one sentence that names the fix.
    public init(
        _ template: String,
        method: Method = .put,
        headerFile: String? = nil,
        greatestByteCount: Int64? = nil,
        timeLimit: Duration? = nil
    ) throws(RecordingExportError) {
        self.template = template
        self.method = method
        self.headerFile = headerFile
        self.greatestByteCount = greatestByteCount
        self.timeLimit = timeLimit
        if let name = RecordingPlaceholders.unknown(in: template) {
            throw Self.failure(template, "{\(name)} is no placeholder", "use \(RecordingPlaceholders.list)")
        }
        _ = try url(.examples)
    }

    func url(for recording: SessionRecording, _ fileExtension: String, startedAt: Double) throws(RecordingExportError)
        -> HTTPURL
    {
        try url(RecordingPlaceholders(of: recording, fileExtension: fileExtension, startedAt: startedAt))
    }

    private func url(_ placeholders: RecordingPlaceholders) throws(RecordingExportError) -> HTTPURL {
        let end = template.firstIndex(of: "?") ?? template.endIndex
        let hasPath = template[..<end].split(separator: "/", omittingEmptySubsequences: false).count > 3
        let name = !hasPath ? "/{recording_id}.{ext}" : template[..<end].hasSuffix("/") ? "{recording_id}.{ext}" : ""
        let text = placeholders.filled("\(template[..<end])\(name)\(template[end...])") { $0.percentEncoded() }
        do {
            return try HTTPURL(text)
        } catch {
            switch error {
            case .scheme: throw Self.failure(template, "it is no http or https URL", "write https://host/path/")
            case .host: throw Self.failure(template, "it names no host", "write https://host/path/")
            case .credentials:
                throw Self.failure(
                    template,
                    "it has a user or a password in it",
                    "put \"Authorization: ...\" into a file and add #header-file=FILE, or set "
                        + "TAPELINE_HTTP_AUTHORIZATION"
                )
            case .character(let character):
                let code = String(character).percentEncoded()
                throw Self.failure(template, "\"\(character)\" may not be in a URL", "write \(code) for it")
            }
        }
    }

    /// Without what may be secret in a URL: user, password and query.
    static func shown(_ url: String) -> String {
        let plain = url.prefix { $0 != "?" && $0 != "#" }
        guard let scheme = plain.firstRange(of: ":"), let at = plain.lastIndex(of: "@") else { return String(plain) }
        let host = plain[scheme.upperBound...].drop { $0 == "/" }
        guard at >= host.startIndex else { return String(plain) }
        return "\(plain[..<host.startIndex])\(plain[plain.index(after: at)...])"
    }

    static func failure(_ url: String, _ cause: String, _ fix: String) -> RecordingExportError {
        RecordingExportError(
            .configuration,
            "cannot export to \(shown(url)): \(cause): \(fix)",
            onSpan: "an exporter's URL was not understood"
        )
    }
}
