public import Logging
public import RecorderIO
public import RecordingExport
public import RecordingStore
public import Tracing

/// Ends the sessions of processes that died: repairs and finalizes their recordings, exports them, and ends their lost
/// spans, with the ids and the start that they had (DUR-2).
///
/// It may die itself at any point, and be run again.
public struct SessionRecovery: Sendable {
    /// What became of one recording.
    public struct Result: Sendable {
        /// Nil where nothing was left to report.
        public var report: SessionReport?
        public var failure: RecorderError?
    }

    private let database: StateDatabase
    private let tracer: any Tracer
    private let logger: Logger
    private let exporters: @Sendable (OpenRecording) -> [any RecordingExporter]
    private let restartSpan: @Sendable (OpenRecording) -> any Span
    private let flush: @Sendable () async -> Void

    /// - Parameters:
    ///   - exporters: those that a recording's URLs describe.
    ///   - restartSpan: starts a session's span anew as it was; one that records nothing where it has been delivered.
    ///   - flush: waits, for a bounded time, until spans that have ended are delivered.
    public init(
        _ database: StateDatabase,
        tracer: any Tracer,
        logger: Logger,
        exporters: @escaping @Sendable (OpenRecording) -> [any RecordingExporter],
        restartSpan: @escaping @Sendable (OpenRecording) -> any Span,
        flush: @escaping @Sendable () async -> Void
    ) {
        self.database = database
        self.tracer = tracer
        self.logger = logger
        self.exporters = exporters
        self.restartSpan = restartSpan
        self.flush = flush
    }

    /// Recovers all that dead processes left, oldest first.
    ///
    /// - Parameters:
    ///   - directories: below each, unfinished recordings that are in no journal are looked for, too.
    ///   - isWanted: asked before each recording; where it says no, the rest is left for another time.
    public func run(
        below directories: [String],
        while isWanted: @Sendable () -> Bool = { true }
    ) async throws(StoreError) -> [Result] {
        let abandoned = try AbandonedRecordings(in: database, below: directories, logger: logger)
        defer { abandoned.letGo() }
        var results: [Result] = []
        for open in abandoned.recordings where isWanted() && !Task.isCancelled {
            if let result = await recover(open) { results.append(result) }
        }
        return results
    }

    /// - Returns: nil for one that never began.
    private func recover(_ left: OpenRecording) async -> Result? {
        // It may take as long as reading the whole file does, so no thread of the pool waits for it.
        let call = TimeLimitedCall<(RecordingOutcome, RecordingLoss)?> { _ in }
        let ending = await call.ending(within: .seconds(24 * 3600)) { [database] in
            try LeftRecording(open: left, database: database).end()
        }
        switch ending {
        case .returned(nil):
            strike(left)
            return nil
        case .returned(let (outcome, recovered)?):
            return await end(left, outcome, recovered)
        case .threw(let error as RecorderError):
            logger.error("a recording is not recovered yet: \(error)")
            return Result(failure: error)
        case .threw, .timedOut, .cancelled: return Result(failure: .notRecording)
        }
    }

    private func end(
        _ left: OpenRecording,
        _ outcome: RecordingOutcome,
        _ recovered: RecordingLoss
    ) async -> Result {
        var open = left
        let span: any Span
        if open.span.isEmpty {
            let context = ServiceContext.topLevel
            span = tracer.startSpan("agent_session", context: context, at: Timestamp.instant(open.startedAt))
            open.span = TraceParent(of: span.context, tracer).headers
            open.loss = recovered
            keep(open)
        } else {
            span = restartSpan(open)
        }
        let run = SessionRun(
            recovering: open,
            recovered,
            span: span,
            exporters: exporters(open),
            outbox: SessionOutbox(database, logger: logger),
            logger: logger
        )
        let (report, failure) = await run.end(outcome, chatHistory: nil, callbacks: [], heldBy: nil)
        await flush()
        strike(open)
        if let recording = report.recording {
            logger.notice(
                "recovered \(recording.path), \(recording.durationS) s (at most \(recovered.lostFramesAtMost) frames lost)"
            )
        }
        return Result(report: report, failure: failure)
    }

    private func keep(_ open: OpenRecording) {
        do throws(StoreError) { try database.keep(open) } catch { logger.error("\(error)") }
    }

    private func strike(_ open: OpenRecording) {
        do throws(StoreError) { try database.strike(open.recordingID) } catch { logger.error("\(error)") }
    }
}
