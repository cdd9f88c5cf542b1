public import FoundationEssentials
public import HTTP
import RecorderIO

/// Uploads recordings over HTTP: one PUT or POST whose body is the file, streamed.
///
/// It sends `Content-Type`, `Content-Length`, `Idempotency-Key` (EXP-4), `X-Recording-SHA256` and `Content-Digest` (RFC
/// 9530), and what its header file and `TAPELINE_HTTP_AUTHORIZATION` add. The recording is delivered when the server
/// answers 200, 201 or 204, not with a page, and with no digest but the recording's (EXP-6).
///
/// Within its time limit it repeats what is safe to repeat (EXP-9): a PUT after a lost connection and 408, 425, 429, 500,
/// 502, 503, 504; a POST only where the request did not arrive, or after a 429 or 503 with `Retry-After`.
public struct HTTPExporter: RecordingExporter {
    public var name: String
    public var timeLimit: Duration
    public var destination: String?
    public let target: HTTPTarget
    public var client: HTTPClient
    public var retryPolicy: RetryPolicy
    /// Where the credentials are looked for.
    public var environment: [String: String]
    /// Tests replace it.
    package var pause: @Sendable (Duration) async throws -> Void = { try await Task.sleep(for: $0) }

    public init(
        _ target: HTTPTarget,
        name: String = "http",
        client: HTTPClient = HTTPClient(userAgent: "tapeline"),
        retryPolicy: RetryPolicy = RetryPolicy(),
        environment: [String: String] = ProcessInfo.processInfo.environment
    ) {
        self.target = target
        self.name = name
        self.client = client
        self.retryPolicy = retryPolicy
        self.environment = environment
        timeLimit = target.timeLimit ?? .seconds(30)
    }

    /// Blocks its thread while it sends; an `ExporterChain` gives it one.
    ///
    /// - Returns: The recording's id, and its URL: the server's `Location`, or the one that it was sent to, without query;
    ///   nil where there is no audio.
    /// - Throws: `RecordingExportError`, or `CancellationError`.
    public func export(_ recording: SessionRecording) async throws -> RecordingExportResult? {
        guard let file = recording.file else { return nil }
        // A little earlier than the chain gives up, so that the report tells what was going on.
        let deadline = ContinuousClock.now + timeLimit - min(timeLimit / 4, .milliseconds(500))
        let request = try request(for: recording, file)
        let cancellation = HTTPCancellation()
        return try await withTaskCancellationHandler {
            try await deliver(request, recording, file, deadline, cancellation)
        } onCancel: {
            cancellation.cancel()
        }
    }

    private func request(for recording: SessionRecording, _ file: FinishedRecording) throws -> HTTPRequest {
        let url = try target.url(for: recording, file.fileExtension, startedAt: file.startedAt)
        if let limit = target.greatestByteCount, file.byteCount > limit {
            throw HTTPFailure(url: url, file: file).tooLarge(limit: limit)
        }
        _ = try FileFacts.ofUnchanged(file)
        let own = try HTTPHeaderFile(path: target.headerFile, environment: environment).headers()
        let names = Set(own.map { $0.name.lowercased() })
        let standard = [
            HTTPRequest.Header("Content-Type", file.mediaType),
            HTTPRequest.Header("Idempotency-Key", recording.idempotencyKey),
            HTTPRequest.Header("X-Recording-SHA256", file.sha256),
            HTTPRequest.Header("Content-Digest", HTTPReceipt.contentDigest(ofHexadecimal: file.sha256)),
        ]
        return HTTPRequest(
            method: target.method.rawValue,
            url: url,
            headers: standard.filter { !names.contains($0.name.lowercased()) } + own,
            body: .file(path: file.path, byteCount: file.byteCount)
        )
    }

    private func deliver(
        _ request: HTTPRequest,
        _ recording: SessionRecording,
        _ file: FinishedRecording,
        _ deadline: ContinuousClock.Instant,
        _ cancellation: HTTPCancellation
    ) async throws -> RecordingExportResult {
        for attempt in 1... {
            let attempted = attempted(request, file, deadline, cancellation)
            if case .delivered(let url) = attempted {
                return RecordingExportResult(recordingURL: url, recordingID: recording.recordingID)
            }
            try Task.checkCancellation()
            guard case .failed(let error, let wait) = attempted, let wait, attempt < retryPolicy.attemptLimit else {
                throw attempted.error
            }
            let pauseLength = wait.asked ?? retryPolicy.wait(afterAttempt: attempt)
            guard ContinuousClock.now + pauseLength < deadline else {
                guard let asked = wait.asked, let response = wait.response else { throw error }
                throw HTTPFailure(url: response.url, file: file).mustWait(response, asked)
            }
            try await pause(pauseLength)
        }
        throw CancellationError()
    }

    private func attempted(
        _ request: HTTPRequest,
        _ file: FinishedRecording,
        _ deadline: ContinuousClock.Instant,
        _ cancellation: HTTPCancellation
    ) -> Attempt {
        let isIdempotent = target.method == .put
        do throws(HTTPError) {
            let response = try client.send(request, deadline: deadline, cancellation: cancellation) {
                RecordingInspector(sha256: file.sha256)
            }
            let failure = HTTPFailure(url: response.url, file: file)
            do throws(HTTPReceipt.Flaw) {
                return .delivered(try HTTPReceipt(response: response, file: file).verified())
            } catch {
                let asked = response.retryAfter(now: Int64(Date().timeIntervalSince1970))
                let passing = isIdempotent ? [408, 425, 429, 500, 502, 503, 504] : asked == nil ? [] : [429, 503]
                let isPassing = passing.contains(response.status)
                let wait = isPassing ? Attempt.Wait(asked: asked, response: response) : nil
                let unverified = failure.unverified(response, error)
                // These say that nothing was done.
                let isSafe = isIdempotent || (400..<500).contains(response.status) || response.status == 503
                return .failed(isSafe ? unverified : unverified.ambiguous, wait)
            }
        } catch {
            let failure = HTTPFailure(url: request.url, file: file).notAnswered(error)
            guard isIdempotent || !error.mayHaveArrived else { return .failed(failure.ambiguous, nil) }
            return .failed(failure, error.isPassing ? Attempt.Wait() : nil)
        }
    }

    private enum Attempt {
        /// What to wait for before the next one.
        struct Wait {
            var asked: Duration?
            var response: HTTPResponse?
        }

        case delivered(String)
        /// Nil for what may not be repeated.
        case failed(RecordingExportError, Wait?)

        var error: any Error {
            switch self {
            case .delivered: CancellationError()
            case .failed(let error, _): error
            }
        }
    }
}
