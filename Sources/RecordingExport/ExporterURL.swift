import HTTP

/// An exporter, written as a URL: `dir:/path`, `dir:/path?reference=path`, `exec:/path/to/program`, `https://host/path/`,
/// `s3://bucket/prefix/` (EXP-8).
///
/// The query of an `https:` or `http:` URL belongs to the server; options stand after a `#`, joined by `&`: `method=POST`
/// (else PUT), `header-file=FILE`, `max-bytes=COUNT`, `timeout=SECONDS`. `HTTPTarget` tells the placeholders, such as
/// `https://host/{yyyy}/{recording_id}.{ext}#method=POST&header-file=/etc/tapeline/headers`.
///
/// The options of an `s3:` URL stand after a `?`, joined by `&` and percent-encoded: `endpoint=https://host:port` (else AWS
/// itself), `region=NAME`, `presign=SECONDS`, `part-size=BYTES`, `storage-class=NAME`, `max-bytes=COUNT`, `timeout=SECONDS`.
/// `S3Target` tells the key.
///
/// Relative paths count from the folder that is given, once, when the URL is read. Paths may be percent-encoded; a `%`, `?`
/// or `#` in one must be.
public enum ExporterURL: Hashable, Sendable {
    case directory(path: String, returnsPath: Bool)
    case command(path: String)
    case http(HTTPTarget)
    case s3(S3Target)

    /// - Parameter currentDirectory: Absolute path that relative ones count from.
    /// - Throws: `RecordingExportError` of kind `configuration`, one sentence that names the fix.
    public init(_ text: String, relativeTo currentDirectory: String) throws(RecordingExportError) {
        guard let colon = text.firstIndex(of: ":") else {
            throw Self.failure(
                text,
                "it has no scheme",
                "write dir:\(text) for a directory, or exec:\(text) for a program"
            )
        }
        let rest = text[text.index(after: colon)...]
        switch text[..<colon].lowercased() {
        case "dir":
            let (path, query) = try Self.parts(rest, text, currentDirectory)
            guard query == nil || query == "reference=path" else {
                throw Self.failure(text, "its only option is ?reference=path", "use that, or none")
            }
            self = .directory(path: path, returnsPath: query != nil)
        case "exec":
            let (path, query) = try Self.parts(rest, text, currentDirectory)
            guard query == nil else {
                throw Self.failure(
                    text,
                    "exec: takes no options",
                    "remove what follows the ?, or write %3F for a ? in the path"
                )
            }
            self = .command(path: path)
        case "http", "https": self = .http(try HTTPTarget(url: text, relativeTo: currentDirectory))
        case "s3": self = .s3(try S3Target(url: text))
        case let scheme:
            throw Self.failure(
                text,
                "\(scheme): is no exporter",
                "use dir:/path, https://host/path/, s3://bucket/prefix/ or exec:/path/to/program"
            )
        }
    }

    /// The exporter that the URL describes.
    ///
    /// - Parameters:
    ///   - userAgent: What it calls itself to servers, such as `tapeline/1.2.3`.
    ///   - statePath: Absolute path of the folder where it may keep what must survive it.
    public func makeExporter(userAgent: String = "tapeline", statePath: String) -> any RecordingExporter {
        switch self {
        case .directory(let path, let returnsPath):
            var exporter = DirectoryExporter(directoryPath: path, returnsPath: returnsPath)
            exporter.destination = text
            return exporter
        case .command(let path):
            var exporter = CommandExporter(programPath: path)
            exporter.destination = text
            return exporter
        case .http(let target):
            var exporter = HTTPExporter(target, client: HTTPClient(userAgent: userAgent))
            exporter.destination = text
            return exporter
        case .s3(let target):
            var exporter = S3Exporter(target, statePath: statePath, client: HTTPClient(userAgent: userAgent))
            exporter.destination = text
            return exporter
        }
    }

    private static func parts(
        _ rest: Substring,
        _ text: String,
        _ currentDirectory: String
    ) throws(RecordingExportError) -> (path: String, query: String?) {
        guard !rest.contains("#") else { throw failure(text, "it has a #", "write %23 for a # in the path") }
        let parts = rest.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        guard var path = PercentEncoding.decoded(parts[0]) else {
            throw failure(
                text,
                "it has a % that no two hexadecimal digits of UTF-8 follow",
                "write %25 for a % in the path"
            )
        }
        if path.hasPrefix("//") {
            guard path.hasPrefix("///") else { throw failure(text, "it names a host", "use one slash, or three") }
            path.removeFirst(2)
        }
        guard !path.isEmpty, !path.utf8.contains(0) else {
            throw failure(text, "it has no path", "add one, such as dir:/path")
        }
        guard path != "~", !path.hasPrefix("~/") else {
            throw failure(text, "~ is not expanded after a colon", "use $HOME, or write the path out")
        }
        if !path.hasPrefix("/") { path = "\(currentDirectory)/\(path)" }
        while path.count > 1, path.hasSuffix("/") { path.removeLast() }
        return (path, parts.count > 1 ? String(parts[1]) : nil)
    }

    private static func failure(_ text: String, _ cause: String, _ fix: String) -> RecordingExportError {
        RecordingExportError(
            .configuration,
            "cannot export to \(text): \(cause): \(fix)",
            onSpan: "an exporter's URL was not understood"
        )
    }
}
