internal import Audio
internal import Capture
internal import Logging
internal import RecorderIO
internal import RecordingExport
internal import RecordingStore
internal import Tracing

/// One recording of a session with its `agent_session` span, from the span's start to the report.
struct SessionRun: Sendable {
    let sessionID: String
    let recordingID: String
    let options: SessionOptions
    /// Where the recording will be; nil for a session without audio.
    let filePath: String?
    let exporters: [any RecordingExporter]
    let logger: Logger
    let span: any Span
    let gate = ExportGate()
    private let startedAt: Double
    private let startTime: HostTime
    private let traceParent: TraceParent

    init(
        sessionID: String,
        recordingID: String,
        options: SessionOptions,
        filePath: String?,
        exporters: [any RecordingExporter],
        tracer: any Tracer,
        logger: Logger
    ) {
        self.sessionID = sessionID
        self.recordingID = recordingID
        self.options = options
        self.filePath = filePath
        self.exporters = exporters
        self.logger = logger
        startedAt = Timestamp.now()
        startTime = .now()
        span = tracer.startSpan("agent_session", ofKind: .internal)
        traceParent = TraceParent(of: span, tracer)
    }

    /// The end of a session, in the order of SES-4. Nothing in it throws: an error of one step is part of the report, and
    /// the span ends exactly once all the same.
    ///
    /// - Parameter finalize: ends the recording, in bounded time.
    func end(
        finalize: @Sendable () async -> RecordingOutcome?
    ) async -> (report: SessionReport, failure: RecorderError?) {
        let deadline = ContinuousClock.now + options.endLimit
        let outcome = filePath == nil ? nil : await finalize()
        let endedAt = Timestamp.now()
        let failure = outcome?.error
        if let failure { logger.error("\(failure.description)") }

        var report = report(endedAt: endedAt, recording: outcome?.recording)
        write(report, replacing: options.replacesFile)

        let recording = SessionRecording(
            recordingID: recordingID,
            sessionID: sessionID,
            traceID: traceParent.traceID,
            spanID: traceParent.spanID,
            file: outcome?.recording
        )
        let chain = ExporterChain(exporters, logger: logger)
        let outcomes = await gate.run(chain, recording, in: span.context, deadline: deadline)
        let status = RecordingStatus(
            isRecordingOn: filePath != nil,
            didRecordingFail: failure != nil,
            outcomes: outcomes
        )

        let final = SessionSpanAttributes(
            outcomes: outcomes,
            status: status,
            recording: outcome?.recording,
            exported: recording,
            endedAt: endedAt,
            offsetSeconds: outcome?.startTime?.seconds(since: startTime)
        )
        for attribute in final.dropped {
            logger.warning("left off the span, for it names a local path: \(attribute)")
        }
        for event in final.events { span.addEvent(event) }
        span.attributes.merge(final.attributes)
        // A failed exporter is no failed session (SPAN-3).
        if let failure { span.setStatus(SpanStatus(code: .error, message: failure.spanDescription)) }
        span.end()

        report.status = status
        report.exports = outcomes
        write(report, replacing: true)
        return (report, failure)
    }

    private func report(endedAt: Double, recording: FinishedRecording?) -> SessionReport {
        SessionReport(
            sessionID: sessionID,
            traceID: traceParent.traceID,
            spanID: traceParent.spanID,
            version: options.version,
            startedAt: Timestamp.rfc3339(startedAt),
            endedAt: Timestamp.rfc3339(endedAt),
            status: nil,
            recording: recording.map(SessionReport.Recording.init),
            exports: []
        )
    }

    /// Puts the report beside the recording: once before the exporters run, so that it is there if they never return,
    /// and once with what they did.
    private func write(_ report: SessionReport, replacing: Bool) {
        guard let filePath, report.recording != nil else { return }
        do {
            let path = RecordingPlace.reportPath(forFile: filePath)
            try DurableFile.write(try report.json(), to: path, replacing: replacing)
        } catch {
            logger.error("the report could not be written: \(error)")
        }
    }
}
