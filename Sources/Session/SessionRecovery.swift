internal import FoundationEssentials
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
        let manifests = Set(abandoned.recordings.filter { $0.isManifest == true }.map(\.recordingID))
        for open in abandoned.recordings where isWanted() && !Task.isCancelled {
            // A segment is a part of its recording's end.
            if let segment = open.segment, manifests.contains(segment.recordingID) { continue }
            let segments = abandoned.recordings.filter { $0.segment?.recordingID == open.recordingID }
            let result = open.isManifest == true ? await recover(open, segments) : await recover(open)
            if let result { results.append(result) }
        }
        return results
    }

    /// - Returns: nil for one that never began.
    private func recover(_ left: OpenRecording) async -> Result? {
        switch await LeftRecording(open: left, database: database).endInTime() {
        case .success(nil):
            strike(left)
            return nil
        case .success(let (outcome, recovered)?):
            return await end(left, outcome, recovered)
        case .failure(let error):
            logger.error("a recording is not recovered yet: \(error)")
            return Result(failure: error)
        }
    }

    /// Ends a recording in segments: those that were left, then the whole, whose file the manifest is.
    ///
    /// - Parameter segments: oldest first.
    private func recover(_ left: OpenRecording, _ segments: [OpenRecording]) async -> Result? {
        guard let path = left.filePath, let manifest = RecordingManifest(atPath: path) ?? RecordingManifest(of: left)
        else { return Result(failure: .nothingLeft) }
        if left.span.isEmpty, segments.isEmpty, manifest.segments.isEmpty, !FileManager.default.fileExists(atPath: path)
        {
            strike(left)
            return nil
        }
        let files = LeftSegments(manifest, path: path, logger: logger)
        if let (outcome, parts) = files.reported {
            // What the disk had not taken by then is in no manifest.
            for segment in segments { _ = await recover(segment) }
            let (open, run) = restart(left, left.loss ?? RecordingLoss())
            return await end(open, run, outcome, parts, left.loss ?? RecordingLoss())
        }
        var known = left
        var ended: [LeftSegments.Ended] = []
        for segment in segments {
            switch await LeftRecording(open: segment, database: database).endInTime() {
            case .success(nil): break
            case .success((let outcome, _)?) where outcome.error == .nothingLeft:
                // It had just begun: what else there is, is the recording.
                var loss = known.loss ?? RecordingLoss()
                if let format = left.format {
                    loss.lostFramesAtMost += LeftRecording.unwrittenFrameCount(left.container, format)
                }
                known.loss = loss
            case .success(let (outcome, loss)?):
                ended.append(LeftSegments.Ended(open: segment, outcome: outcome))
                known.loss = (known.loss ?? RecordingLoss()) + loss
            case .failure(let error):
                logger.error("a segment is not recovered yet: \(error)")
                return Result(failure: error)
            }
        }
        let loss = known.loss ?? RecordingLoss()
        if loss != left.loss { keep(known) }
        let (open, run) = restart(known, loss)
        let (outcome, parts) = await files.end(ended, by: run)
        guard let outcome else { return Result(failure: .notRecording) }
        for segment in segments { strike(segment) }
        return await end(open, run, outcome, parts, loss)
    }

    private func end(
        _ left: OpenRecording,
        _ outcome: RecordingOutcome,
        _ recovered: RecordingLoss
    ) async -> Result {
        let (open, run) = restart(left, recovered)
        return await end(open, run, outcome, nil, recovered)
    }

    /// Starts the lost span of a recording anew, and what ends it.
    private func restart(_ left: OpenRecording, _ recovered: RecordingLoss) -> (OpenRecording, SessionRun) {
        var open = left
        let span: any Span
        if open.span.isEmpty {
            let context = ServiceContext.topLevel
            span = tracer.startSpan("agent_session", context: context, at: Timestamp.instant(open.startedAt))
            open.span = TraceParent(of: span.context, tracer).headers
            open.loss = recovered
            keep(open)
        } else if open.segment != nil {
            // That of the session that it was a part of has ended.
            span = NoOpTracer().startSpan("agent_session", context: .topLevel, at: Timestamp.instant(open.startedAt))
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
        return (open, run)
    }

    private func end(
        _ open: OpenRecording,
        _ run: SessionRun,
        _ outcome: RecordingOutcome,
        _ segments: EndedSegments?,
        _ recovered: RecordingLoss
    ) async -> Result {
        let (report, failure) = await run.end(outcome, segments, chatHistory: nil, callbacks: [], heldBy: nil)
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
