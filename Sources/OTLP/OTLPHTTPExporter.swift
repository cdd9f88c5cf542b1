import Dispatch
public import HTTP
public import Logging

/// Sends spans to a collector by OTLP over HTTP: one POST for each batch.
///
/// Within its timeout it repeats what may be repeated, after what `Retry-After` asks for, or by exponential back-off with
/// jitter: after 429, 502, 503 and 504, after a connection that did not come about, and after one that was lost. All else
/// ends the export at once. A partial success is logged, and is one.
/// Source: https://opentelemetry.io/docs/specs/otlp/#otlphttp-response
public struct OTLPHTTPExporter: RequestExporter {
    public let options: OTLPHTTPOptions
    public let retryPolicy: RetryPolicy
    private let client: HTTPClient
    private let logger: Logger
    /// Tests replace it.
    package var pause: @Sendable (Duration) async throws -> Void = { try await Task.sleep(for: $0) }

    // libcurl blocks its thread, and one of Swift's pool must not wait for a network.
    private let queue = DispatchQueue(label: "tapeline.otlp-http")

    /// - Parameter version: of the program, for the collector to see.
    public init(
        _ options: OTLPHTTPOptions,
        version: String,
        retryPolicy: RetryPolicy = RetryPolicy(),
        logger: Logger
    ) {
        self.options = options
        self.retryPolicy = retryPolicy
        self.logger = logger
        client = HTTPClient(
            userAgent: "tapeline/\(version) OTel-OTLP-Exporter-Swift/\(version)",
            // A server may take all of the time to answer.
            stallTimeout: options.timeout,
            tls: options.tls
        )
    }

    /// Ends early if the task is cancelled.
    ///
    /// - Throws: ``OTLPExportError``.
    public func export(_ batch: SpanBatch) async throws {
        try await export(ExportRequest(batch))
    }

    func export(_ spans: ExportRequest) async throws {
        let deadline = ContinuousClock.now + options.timeout
        let request = try request(for: spans)
        let cancellation = HTTPCancellation()
        try await withTaskCancellationHandler {
            try await deliver(request, spanCount: spans.spanCount, deadline, cancellation)
        } onCancel: {
            cancellation.cancel()
        }
    }

    private func request(for spans: ExportRequest) throws -> HTTPRequest {
        var headers = [HTTPRequest.Header("Content-Type", options.encoding.contentType)]
        var body = try spans.bytes(options.encoding)
        if options.isCompressed {
            headers.append(HTTPRequest.Header("Content-Encoding", "gzip"))
            body = try Gzip.compressed(body)
        }
        let own = Set(headers.map { $0.name.lowercased() })
        headers += options.headers.filter { !own.contains($0.name.lowercased()) }
        return HTTPRequest(method: "POST", url: options.url, headers: headers, body: .bytes(body))
    }

    private func deliver(
        _ request: HTTPRequest,
        spanCount: Int,
        _ deadline: ContinuousClock.Instant,
        _ cancellation: HTTPCancellation
    ) async throws(OTLPExportError) {
        for attempt in 1... {
            let error: OTLPExportError
            do throws(HTTPError) {
                let answer = OTLPAnswer(try await send(request, deadline, cancellation))
                if answer.isSuccess {
                    if let remark = answer.remark(ofSpans: spanCount) { logger.warning("\(remark)") }
                    return
                }
                error = OTLPExportError(refusedBy: answer)
            } catch let failure {
                error = OTLPExportError(options.url, failure)
            }
            guard error.isRetryable, attempt < retryPolicy.attemptLimit else { throw error }
            let wait = error.retryAfter ?? retryPolicy.wait(afterAttempt: attempt)
            guard ContinuousClock.now + wait < deadline else { throw error }
            // Cancelled, so that what went wrong last is what there is to tell.
            do { try await pause(wait) } catch _ { throw error }
        }
    }

    private func send(
        _ request: HTTPRequest,
        _ deadline: ContinuousClock.Instant,
        _ cancellation: HTTPCancellation
    ) async throws(HTTPError) -> HTTPResponse {
        let result: Result<HTTPResponse, HTTPError> = await withCheckedContinuation { continuation in
            queue.async { [client] in
                let result = Result { () throws(HTTPError) in
                    try client.send(request, deadline: deadline, cancellation: cancellation)
                }
                continuation.resume(returning: result)
            }
        }
        return try result.get()
    }
}
