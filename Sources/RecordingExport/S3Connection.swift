import FoundationEssentials
import HTTP
import Synchronization

/// Sends signed requests to one S3 server for one delivery, and repeats what a moment later may work (EXP-9).
///
/// A clock that is off here is corrected by the server's, once a request was refused for it. A server that does not know
/// `If-None-Match` is asked without it from then on.
final class S3Connection: Sendable {
    private struct State {
        /// Seconds to add to this machine's clock.
        var clockOffset = 0.0
        var knowsConditions = true
    }

    /// A smaller difference is no reason to refuse a request: 15 minutes are.
    private static let greatestSkew = 300.0

    let target: S3Target
    let failure: S3Failure
    private let credentials: S3Credentials
    private let region: String
    private let client: HTTPClient
    private let retryPolicy: RetryPolicy
    private let clock: DeliveryClock
    private let deadline: ContinuousClock.Instant
    private let state = Mutex(State())

    init(
        _ target: S3Target,
        _ credentials: S3Credentials,
        region: String,
        client: HTTPClient,
        retryPolicy: RetryPolicy,
        clock: DeliveryClock,
        deadline: ContinuousClock.Instant,
        failure: S3Failure
    ) {
        self.target = target
        self.credentials = credentials
        self.region = region
        var client = client
        // The signature is for one host, and a redirect tells the bucket's region.
        client.redirectLimit = 0
        self.client = client
        self.retryPolicy = retryPolicy
        self.clock = clock
        self.deadline = deadline
        self.failure = failure
    }

    /// Sends a request until there is an answer that a repetition will not change. Blocks its thread while it sends.
    ///
    /// - Parameter attemptLimit: Fewer than the policy's.
    /// - Throws: `RecordingExportError`, or `CancellationError`.
    func send(_ request: S3Request, attemptLimit: Int = .max) async throws -> S3Answer {
        let limit = min(attemptLimit, retryPolicy.attemptLimit)
        var attempt = 1
        // Each of the two things that can be learned, once.
        var correctionsLeft = 2
        while true {
            var asked: Duration?
            var answer: S3Answer?
            var failure: any Error = CancellationError()
            do {
                let received = S3Answer(try await response(to: request), attempt: attempt)
                if correctionsLeft > 0, learn(from: received, request) {
                    correctionsLeft -= 1
                    continue
                }
                guard received.isPassing, attempt < limit else { return received }
                asked = received.response.retryAfter(now: Int64(clock.now()))
                answer = received
            } catch let error as HTTPError {
                try Task.checkCancellation()
                failure = self.failure.http.notAnswered(error)
                guard error.isPassing, attempt < limit else { throw failure }
            }
            let wait = asked ?? retryPolicy.wait(afterAttempt: attempt)
            guard ContinuousClock.now + wait < deadline else {
                guard let answer else { throw failure }
                guard let asked else { return answer }
                throw self.failure.http.mustWait(answer.response, asked)
            }
            try await clock.pause(wait)
            attempt += 1
        }
    }

    /// Sends a request, and refuses every answer but a success.
    func receive(_ request: S3Request) async throws -> S3Answer {
        let answer = try await send(request)
        guard answer.isSuccess else { throw refused(answer) }
        return answer
    }

    /// The sentence for an answer that is no success.
    func refused(_ answer: S3Answer) -> RecordingExportError {
        failure.refused(answer, clockSkew: answer.response.date.map { Double($0) - clock.now() })
    }

    /// The URL of the object, presigned where that is asked for (SPAN-6).
    func resultURL() throws -> String {
        guard let duration = target.presigning else { return failure.url.withoutQuery }
        return try signature.presigned(failure.url, for: duration).description
    }

    private var signature: S3Signature {
        S3Signature(credentials, region: region, time: clock.now() + state.withLock { $0.clockOffset })
    }

    private func response(to request: S3Request) async throws -> HTTPResponse {
        let isConditional = request.isConditional && state.withLock { $0.knowsConditions }
        let http = try request.http(target, signature, region: region, isConditional: isConditional)
        var client = client
        client.stallTimeout += request.patience
        let cancellation = HTTPCancellation()
        return try await withTaskCancellationHandler {
            try SIGPIPEShield.run { [client] () throws(HTTPError) in
                try client.send(http, deadline: deadline, cancellation: cancellation) {
                    RecordingInspector(sha256: request.sha256)
                }
            }
        } onCancel: {
            cancellation.cancel()
        }
    }

    /// Returns whether the same request is worth sending again with what was learned.
    private func learn(from answer: S3Answer, _ request: S3Request) -> Bool {
        state.withLock { state in
            if request.isConditional, state.knowsConditions, answer.refusesCondition {
                state.knowsConditions = false
                return true
            }
            // Most say 403; a few 400.
            guard [400, 403].contains(answer.response.status), let date = answer.response.date else { return false }
            let offset = Double(date) - clock.now()
            guard abs(offset - state.clockOffset) > Self.greatestSkew else { return false }
            state.clockOffset = offset
            return true
        }
    }
}
