import HTTP

/// Why a collector does not have the spans that were sent to it.
public struct OTLPExportError: Error, Hashable, Sendable, CustomStringConvertible {
    /// One sentence that names the fix; it holds no header, and no query.
    public let description: String
    /// Whether the same request may be sent again, by OTLP's rules.
    public let isRetryable: Bool
    /// Whether the collector will never take these spans: it answered, and neither is the fault a passing one, nor one of the
    /// endpoint or of who sends, which may be set right while the spans are kept.
    public let isRefusal: Bool
    /// How long the collector asks to wait before.
    public let retryAfter: Duration?

    private init(
        _ url: HTTPURL,
        _ cause: String,
        _ fix: String,
        isRetryable: Bool,
        isRefusal: Bool = false,
        retryAfter: Duration? = nil
    ) {
        description = "cannot export to \(url.withoutQuery): \(cause): \(fix)"
        self.isRetryable = isRetryable
        self.isRefusal = isRefusal
        self.retryAfter = retryAfter
    }

    /// The collector answered, and did not take them.
    init(refusedBy answer: OTLPAnswer) {
        let status = answer.response.status
        let fix =
            switch status {
            case _ where answer.isPage: "check the endpoint, and whether a proxy or a login is in between"
            case 300..<400: "use the endpoint that it redirects to"
            case 401, 403, 407: "check OTEL_EXPORTER_OTLP_HEADERS"
            case 404, 405: "check the endpoint's path, which is /v1/traces with most collectors"
            case 413: "lower OTEL_BSP_MAX_EXPORT_BATCH_SIZE"
            case 415: "set OTEL_EXPORTER_OTLP_PROTOCOL to http/protobuf or http/json, and leave compression off"
            case 429: "send less, or raise the collector's limit"
            default: "look in the collector's log"
            }
        let message = answer.isPage ? "" : answer.message
        // Exactly these: https://opentelemetry.io/docs/specs/otlp/#retryable-response-codes
        let isRetryable = [429, 502, 503, 504].contains(status)
        let isOfSender = [401, 403, 404, 405, 407, 415].contains(status)
        let isRefusal = status >= 400 && !isRetryable && !isOfSender && !answer.isPage
        let retryAfter = isRetryable ? answer.retryAfter : nil
        var cause = "it answered \(status)\(answer.isPage ? " with a page" : "")"
        if !message.isEmpty { cause += " (\"\(message)\")" }
        if let retryAfter { cause += " and asks to wait \(Int64((retryAfter / .seconds(1)).rounded(.up))) s" }
        self.init(
            answer.response.url,
            cause,
            fix,
            isRetryable: isRetryable,
            isRefusal: isRefusal,
            retryAfter: retryAfter
        )
    }

    /// There was no answer.
    init(_ url: HTTPURL, _ error: HTTPError) {
        let (isRetryable, fix) =
            switch error.kind {
            case .resolve: (true, "check the endpoint's host and the network")
            case .connect: (true, "check the endpoint, and that the collector runs")
            case .handshake: (true, "check that the endpoint speaks TLS there")
            case .connectionLost: (true, "check the network and the collector")
            case .trust: (false, "name its authority in OTEL_EXPORTER_OTLP_CERTIFICATE, and check the client's files")
            case .timeout, .stall: (false, "check the collector, or raise OTEL_EXPORTER_OTLP_TIMEOUT")
            case .redirect: (false, "use the endpoint that it redirects to")
            case .request, .body, .inspection: (false, "check the endpoint and OTEL_EXPORTER_OTLP_HEADERS")
            case .cancelled: (false, "allow more time for it")
            case .library: (false, "install the package libcurl4")
            case .system: (false, "free memory, threads and descriptors")
            }
        self.init(url, error.description, fix, isRetryable: isRetryable)
    }
}
