internal import Logging
internal import RecordingExport

extension SessionPhase {
    /// Calls `body` on a thread of its own, for at most `limit` and never past `deadline`: one that throws, hangs or blocks
    /// keeps nothing else from its turn (SES-9). Nothing cancels it but the limit.
    static func calling(
        _ phase: Kind,
        name: String? = nil,
        within limit: Duration,
        until deadline: ContinuousClock.Instant? = nil,
        logger: Logger,
        _ body: @escaping @Sendable () async throws -> Void
    ) async -> SessionPhase {
        let begin = ContinuousClock.now
        let limit = min(limit, deadline.map { begin.duration(to: $0) } ?? limit)
        var result = SessionPhase(phase: phase, name: name, outcome: .timeout, seconds: 0)
        let title = name.map { "the \(phase.rawValue) \($0)" } ?? "the \(phase.rawValue)"
        if limit > .zero {
            let call = TimeLimitedCall<Void> { ending in
                logger.warning("\(title) ended after it was given up: \(ending)")
            }
            switch await call.ending(within: limit, of: body) {
            case .returned: result.outcome = .done
            case .threw(let error): (result.outcome, result.error) = (.failed, "\(error)")
            case .timedOut, .cancelled: result.error = "did not end within its limit of \(limit.inSeconds)"
            }
        } else {
            result.error = "not called: the time for the end of the session was used up before its turn"
        }
        result.seconds = begin.duration(to: .now) / .seconds(1)
        if let error = result.error { logger.error("\(title): \(error)") }
        return result
    }
}
