public import HTTP

/// Where a LiveKit project takes session reports, and the API key that may send them.
public struct LiveKitProject: Hashable, Sendable {
    /// `{url}/observability/recordings/v0`.
    public let endpoint: HTTPURL
    public let apiKey: String
    let apiSecret: String

    /// - Parameter url: Of the observability endpoint, such as `https://project.livekit.cloud`.
    /// - Throws: `RecordingExportError` of kind `configuration`, one sentence that names the fix.
    public init(url: String, apiKey: String, apiSecret: String) throws(RecordingExportError) {
        try self.init(Self.endpoint(below: url, "the observability URL"), apiKey, apiSecret)
    }

    /// As `LIVEKIT_OBSERVABILITY_URL`, else `LIVEKIT_URL` where that is a host of LiveKit Cloud, and `LIVEKIT_API_KEY` and
    /// `LIVEKIT_API_SECRET` say.
    ///
    /// - Throws: `RecordingExportError` of kind `configuration`, one sentence that names the fix.
    public init(environment: [String: String]) throws(RecordingExportError) {
        let endpoint = try Self.endpoint(environment)
        for name in ["LIVEKIT_API_KEY", "LIVEKIT_API_SECRET"] where environment[name, default: ""].isEmpty {
            throw Self.failure("\(name) is not set", "set LIVEKIT_API_KEY and LIVEKIT_API_SECRET")
        }
        self.init(endpoint, environment["LIVEKIT_API_KEY", default: ""], environment["LIVEKIT_API_SECRET", default: ""])
    }

    private init(_ endpoint: HTTPURL, _ apiKey: String, _ apiSecret: String) {
        self.endpoint = endpoint
        self.apiKey = apiKey
        self.apiSecret = apiSecret
    }

    private static func endpoint(_ environment: [String: String]) throws(RecordingExportError) -> HTTPURL {
        if let url = environment["LIVEKIT_OBSERVABILITY_URL"], !url.isEmpty {
            return try endpoint(below: url, "LIVEKIT_OBSERVABILITY_URL")
        }
        guard let url = environment["LIVEKIT_URL"], !url.isEmpty else {
            throw failure("no server is known", "set LIVEKIT_URL, or LIVEKIT_OBSERVABILITY_URL")
        }
        // The host is what matters: the room's own scheme and port are not the endpoint's.
        guard let match = url.wholeMatch(of: /(?i)(?:wss?|https?):\/\/([a-z0-9.-]+)(?::[0-9]*)?(?:[\/?#].*)?/) else {
            throw failure("LIVEKIT_URL is no wss, ws, https or http URL", "write wss://PROJECT.livekit.cloud")
        }
        let host = match.1.lowercased()
        guard host.hasSuffix(".livekit.cloud") || host.hasSuffix(".livekit.run") else {
            throw failure(
                "LIVEKIT_URL is no host of LiveKit Cloud, and only those are known to take session reports",
                "set LIVEKIT_OBSERVABILITY_URL"
            )
        }
        return try endpoint(below: "https://\(host)", "LIVEKIT_URL")
    }

    private static func endpoint(below url: String, _ name: String) throws(RecordingExportError) -> HTTPURL {
        let cause: String
        do {
            let base = try HTTPURL(url)
            if base.query == nil, !url.contains("#") {
                var text = base.description
                while text.hasSuffix("/") { text.removeLast() }
                return try HTTPURL("\(text)/observability/recordings/v0")
            }
            cause = "has a query or a fragment"
        } catch {
            switch error {
            case .scheme: cause = "is no http or https URL"
            case .host: cause = "names no host"
            case .credentials: cause = "has a user or a password in it"
            case .character(let character): cause = "holds \"\(character)\", which may not be in a URL"
            }
        }
        throw failure("\(name) \(cause)", "write https://HOST")
    }

    private static func failure(_ cause: String, _ fix: String) -> RecordingExportError {
        RecordingExportError(
            .configuration,
            "cannot upload to LiveKit: \(cause): \(fix)",
            onSpan: "the upload to LiveKit is not set up"
        )
    }
}
