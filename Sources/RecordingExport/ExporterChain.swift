public import Logging

/// The exporters of a session, in declared order, each isolated from the others (EXP-2).
public struct ExporterChain: Sendable {
    /// What happens in a chain, as it happens.
    public enum Event: Sendable {
        case started(exporter: String)
        case ended(ExportOutcome)
        /// An exporter ended after the chain had gone on without it. Its result was ignored.
        case endedLate(exporter: String)
    }

    public var exporters: [any RecordingExporter]
    public var logger: Logger
    /// Told of each event; `endedLate` on a thread of its own. It must return at once.
    public var onEvent: @Sendable (Event) -> Void

    public init(
        _ exporters: [any RecordingExporter],
        logger: Logger = Logger(label: "tapeline.export"),
        onEvent: @escaping @Sendable (Event) -> Void = { _ in }
    ) {
        self.exporters = exporters
        self.logger = logger
        self.onEvent = onEvent
    }

    /// Calls each exporter in turn and returns one outcome for each, in the same order. Never throws.
    ///
    /// Each call runs on a thread of its own, for at most the exporter's limit and never past `deadline`: one that throws,
    /// hangs, blocks its thread or ignores cancellation delays the chain by no more than that, and touches no other. It is
    /// cancelled, left alone, and what it returns late is logged and ignored. Exporters whose turn comes after `deadline`
    /// are not called (`timeout`). Where the caller's task is cancelled, the running exporter is too, those after it are
    /// not called, and the chain returns at once (`cancelled`).
    ///
    /// Exporters see the caller's task-local values.
    public func run(_ recording: SessionRecording, deadline: ContinuousClock.Instant? = nil) async -> [ExportOutcome] {
        var outcomes: [ExportOutcome] = []
        for exporter in exporters {
            let outcome = await outcome(of: exporter, for: recording, deadline: deadline)
            log(outcome)
            onEvent(.ended(outcome))
            outcomes.append(outcome)
        }
        return outcomes
    }

    private func outcome(
        of exporter: any RecordingExporter,
        for recording: SessionRecording,
        deadline: ContinuousClock.Instant?
    ) async -> ExportOutcome {
        let name = exporter.name
        let begin = ContinuousClock.now
        let timeLeft = deadline.map { begin.duration(to: $0) }
        if let timeLeft, timeLeft <= .zero {
            let sentence = "not called: the time for the end of the session was used up before its turn"
            var outcome = ExportOutcome(exporter: name, outcome: .timeout, error: sentence, spanError: sentence)
            outcome.destination = exporter.shownDestination
            outcome.isRetryable = true
            return outcome
        }
        onEvent(.started(exporter: name))
        let limit = min(exporter.timeLimit, timeLeft ?? exporter.timeLimit)
        let call = TimeLimitedCall<RecordingExportResult?> { [logger, onEvent] ending in
            let seconds = begin.duration(to: .now).seconds
            logger.warning(
                "an exporter ended after it was given up; its result is ignored",
                metadata: ["exporter": "\(name)", "ending": "\(ending)", "seconds": "\(seconds)"]
            )
            onEvent(.endedLate(exporter: name))
        }
        let ending = await call.ending(within: limit) { try await exporter.export(recording) }
        var outcome = ExportOutcome(exporter: name, ending: ending, limit: limit, recording: recording)
        outcome.destination = exporter.shownDestination
        outcome.seconds = begin.duration(to: .now).seconds
        return outcome
    }

    private func log(_ outcome: ExportOutcome) {
        var metadata: Logger.Metadata = [
            "exporter": "\(outcome.exporter)", "outcome": "\(outcome.outcome.rawValue)",
            "seconds": "\(outcome.seconds)",
        ]
        guard let error = outcome.error else { return logger.info("exporter ended", metadata: metadata) }
        metadata["error"] = "\(error)"
        logger.warning("exporter did not deliver", metadata: metadata)
    }
}

extension Duration {
    var seconds: Double { self / .seconds(1) }
}
