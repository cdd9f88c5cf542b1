import HTTP

/// The headers that a delivery takes from a file and from the environment: secrets never come from a URL.
struct HTTPHeaderFile {
    static let authorizationVariable = "TAPELINE_HTTP_AUTHORIZATION"
    /// They frame the request, and libcurl or this exporter sets them.
    private static let reserved = ["content-length", "transfer-encoding", "host", "connection", "expect"]

    /// Nil for none.
    let path: String?
    let environment: [String: String]

    /// Read anew for each delivery, so that a changed token counts at once. Throws `RecordingExportError`.
    func headers() throws(RecordingExportError) -> [HTTPRequest.Header] {
        var headers = try path.map { path throws(RecordingExportError) in try Self.headers(in: path) } ?? []
        let hasOwn = headers.contains { $0.name.lowercased() == "authorization" }
        if !hasOwn, let value = environment[Self.authorizationVariable], !value.isEmpty {
            guard !value.utf8.contains(where: { $0 < 0x20 || $0 == 0x7f }) else {
                throw RecordingExportError(
                    .configuration,
                    "\(Self.authorizationVariable) holds a control character: set it to one line, such as \"Bearer TOKEN\"",
                    onSpan: "the HTTP exporter's credentials are not one line"
                )
            }
            headers.append(HTTPRequest.Header("Authorization", value, isSecret: true))
        }
        return headers
    }

    private static func headers(in path: String) throws(RecordingExportError) -> [HTTPRequest.Header] {
        var headers: [HTTPRequest.Header] = []
        for (number, line) in try text(of: path).split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            let line = line.trimmed
            if line.isEmpty || line.hasPrefix("#") { continue }
            let name = line.prefix { $0 != ":" }
            let isName = !name.isEmpty && name.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7f }
            guard isName, name.endIndex != line.endIndex else {
                throw failure(path, "line \(number + 1) is no header", "write \"Name: value\"")
            }
            guard !reserved.contains(name.lowercased()) else {
                throw failure(path, "\(name) on line \(number + 1) is set by the exporter", "remove that line")
            }
            let value = line[line.index(after: name.endIndex)...].trimmed
            guard !value.utf8.contains(where: { $0 < 0x20 && $0 != 9 || $0 == 0x7f }) else {
                throw failure(path, "line \(number + 1) holds a control character", "remove it")
            }
            headers.append(HTTPRequest.Header(String(name), String(value), isSecret: true))
        }
        return headers
    }

    private static func text(of path: String) throws(RecordingExportError) -> String {
        do throws(SmallTextFile.Flaw) {
            return try SmallTextFile.text(of: path)
        } catch {
            let (cause, fix) = error.cause("the headers")
            throw failure(path, cause, fix)
        }
    }

    private static func failure(_ path: String, _ cause: String, _ fix: String) -> RecordingExportError {
        RecordingExportError(
            .configuration,
            "cannot use the header file \(path): \(cause): \(fix)",
            onSpan: "the HTTP exporter's header file could not be used"
        )
    }
}
