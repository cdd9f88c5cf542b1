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
    let jobID: String?
    /// Where the recording will be; nil for a session without audio.
    let filePath: String?
    let exporters: [any RecordingExporter]
    /// What the span was started in.
    let parent: ServiceContext
    let logger: Logger
    let span: any Span
    let gate = ExportGate()
    private let startedAt: Double
    private let startTime: HostTime
    let traceParent: TraceParent
    private let parentHeaders: [String: String]
    /// Where deliveries that do not come about now are kept; nil where nobody makes them later.
    let outbox: SessionOutbox?
    /// What was lost of a recording that another process ends, because its own died.
    private let recovered: RecordingLoss?
    var isRecovery: Bool { recovered != nil }

    init(
        sessionID: String,
        recordingID: String,
        options: SessionOptions,
        jobID: String?,
        filePath: String?,
        exporters: [any RecordingExporter],
        parent: ServiceContext,
        tracer: any Tracer,
        logger: Logger
    ) {
        self.sessionID = sessionID
        self.recordingID = recordingID
        self.options = options
        self.jobID = jobID
        self.filePath = filePath
        self.exporters = exporters
        self.parent = parent
        self.logger = logger
        startedAt = Timestamp.now()
        startTime = .now()
        span = tracer.startSpan("agent_session", context: parent, ofKind: .internal)
        traceParent = TraceParent(of: span.context, tracer)
        parentHeaders = TraceParent(of: parent, tracer).headers
        outbox = options.journal?.outbox
        recovered = nil
    }

    /// The run of a process that died, to be ended here (DUR-2).
    ///
    /// - Parameter span: the one that was lost, started anew as it was.
    init(
        recovering open: OpenRecording,
        _ recovered: RecordingLoss,
        span: any Span,
        exporters: [any RecordingExporter],
        outbox: SessionOutbox,
        logger: Logger
    ) {
        sessionID = open.sessionID
        recordingID = open.recordingID
        options = SessionOptions(
            capture: CaptureOptions(deviceName: ""),
            container: open.container,
            place: .file(path: open.filePath ?? ""),
            replacesFile: true,
            version: open.version
        )
        jobID = nil
        filePath = open.filePath
        self.exporters = exporters
        parent = .topLevel
        self.logger = logger
        self.span = span
        startedAt = open.startedAt
        startTime = .now()
        traceParent = TraceParent(headers: open.span)
        parentHeaders = open.parent
        self.outbox = outbox
        self.recovered = recovered
    }

    /// What another process must know to end it.
    func openRecording(_ format: AudioFormat?) -> OpenRecording {
        var open = OpenRecording(
            recordingID: recordingID,
            sessionID: sessionID,
            startedAt: startedAt,
            filePath: filePath,
            container: options.container,
            format: format,
            replacesFile: options.replacesFile,
            version: options.version
        )
        open.span = traceParent.headers
        open.parent = parentHeaders
        open.exporterURLs = exporters.compactMap(\.destination)
        if options.segments != nil, filePath != nil { open.isManifest = true }
        return open
    }

    /// The end of a session, in the order of SES-4. Nothing in it throws: an error of one step is part of the report, and
    /// the span ends exactly once all the same.
    ///
    /// - Parameters:
    ///   - outcome: of the recording; nil for a session without audio.
    ///   - segments: of a recording that has some, whose outcome is its manifest's.
    ///   - begin: when the recording was told to end.
    ///   - job: ends the span, when it is over itself; nil to end it here (SES-8).
    func end(
        _ outcome: RecordingOutcome?,
        _ segments: EndedSegments? = nil,
        since begin: ContinuousClock.Instant = .now,
        chatHistory: [UInt8]?,
        callbacks: [SessionEndCallback],
        heldBy job: JobContext?
    ) async -> (report: SessionReport, failure: RecorderError?) {
        let deadline = begin + endLimit(callbacks)
        let outcome = filePath == nil ? nil : outcome
        let endedAt = recovered == nil ? Timestamp.now() : lastKnownMoment(outcome?.recording)
        var report = report(endedAt: endedAt, recording: outcome?.recording)
        report.recording?.segments = segments?.segments
        if let phase = segments?.delivery { report.phases.append(phase) }
        if let outcome { report.phases.append(SessionPhase(outcome, seconds: begin.duration(to: .now) / .seconds(1))) }
        if let failure = outcome?.error { logger.error("\(failure.description)") }
        // Until they have delivered, and should that never be.
        if outbox != nil { report.exports = exporters.map(ExportOutcome.deferred) }
        report.status = RecordingStatus(
            isRecordingOn: filePath != nil,
            didRecordingFail: outcome?.error != nil,
            outcomes: report.exports
        )
        await write(&report, replacing: options.replacesFile)

        let recording = SessionRecording(
            recordingID: recordingID,
            sessionID: sessionID,
            traceID: traceParent.traceID,
            spanID: traceParent.spanID,
            file: outcome?.recording
        )
        let upload = await upload(recording, endedAt, chatHistory, deadline)
        if let upload { report.phases.append(SessionPhase(upload: upload)) }
        let exportBegin = ContinuousClock.now
        report.exports = await deliver(recording, deadline)
        if !exporters.isEmpty {
            let seconds = exportBegin.duration(to: .now) / .seconds(1)
            report.phases.append(SessionPhase(exports: report.exports, seconds: seconds))
        }
        let status = RecordingStatus(
            isRecordingOn: filePath != nil,
            didRecordingFail: outcome?.error != nil,
            outcomes: report.exports + (upload.map { [$0] } ?? [])
        )
        report.status = status
        for callback in callbacks {
            let phase = await SessionPhase.calling(
                .callback,
                name: callback.name,
                within: callback.timeLimit,
                until: deadline,
                logger: logger
            ) { [report] in
                try await ServiceContext.withValue(span.context) { try await callback.body(report) }
            }
            report.phases.append(phase)
        }

        let final = SessionSpanAttributes(
            upload: upload,
            outcomes: report.exports,
            status: status,
            recording: outcome?.recording,
            exported: recording,
            endedAt: endedAt,
            offsetSeconds: outcome?.startTime?.seconds(since: startTime),
            segmentCount: segments?.segments.count,
            isRecovered: recovered != nil
        )
        for attribute in final.dropped {
            logger.warning("left off the span, for it names a local path: \(attribute)")
        }
        for event in final.events { span.addEvent(event) }
        span.attributes.merge(final.attributes)
        // A failed exporter is no failed session (SPAN-3).
        if let failure = outcome?.error {
            span.setStatus(SpanStatus(code: .error, message: failure.spanDescription))
        }
        if recovered != nil {
            span.end(at: Timestamp.instant(endedAt))
        } else if let job {
            job.hold(span, atMost: options.spanHoldLimit)
        } else {
            span.end()
        }

        await write(&report, replacing: true)
        if outcome?.isLeftBehind == true {
            // What the disk has not taken stays in the journal.
        } else {
            await options.journal?.ended(recordingID, isSpanHeld: job != nil)
        }
        return (report, outcome?.error)
    }

    /// Counts captured frames that no later file could take, in the report of the last one.
    func add(_ droppedFrameCount: Int64, to report: SessionReport) async -> SessionReport {
        guard droppedFrameCount > 0 else { return report }
        logger.error("there was no room for another file: \(droppedFrameCount) frames could not be kept")
        var report = report
        // A later delivery may have been told there meanwhile.
        if let filePath { report = SessionReport(atPath: RecordingPlace.reportPath(forFile: filePath)) ?? report }
        report.recording?.droppedFrames += droppedFrameCount
        await write(&report, replacing: true)
        return report
    }

    /// Of a process that died: when its last frame was captured.
    private func lastKnownMoment(_ recording: FinishedRecording?) -> Double {
        guard let recording else { return startedAt }
        return max(startedAt, recording.startedAt + recording.durationSeconds)
    }

    /// Of the whole end. No step may use up another's time, so unless told it is the sum of theirs.
    private func endLimit(_ callbacks: [SessionEndCallback]) -> Duration {
        if let limit = options.endLimit { return limit }
        var limits = exporters.map(\.timeLimit) + callbacks.map(\.timeLimit)
        // For finalizing, and for the report.
        limits += [options.finalizeLimit, options.finalizeLimit]
        if let uploader = options.uploader { limits.append(uploader.timeLimit) }
        return limits.reduce(.zero, +)
    }

    /// The primary upload, whatever becomes of the exporters after it (EXP-2); nil where there is none.
    private func upload(
        _ recording: SessionRecording,
        _ endedAt: Double,
        _ chatHistory: [UInt8]?,
        _ deadline: ContinuousClock.Instant
    ) async -> ExportOutcome? {
        guard let uploader = options.uploader else { return nil }
        let session = SessionUpload(
            recording: recording,
            jobID: jobID,
            startedAt: startedAt,
            endedAt: endedAt,
            chatHistory: chatHistory
        )
        return await export(recording, [PrimaryUpload(of: session, by: uploader)], deadline).first
    }

    /// The exporter chain, without what an earlier process has a receipt for.
    ///
    /// - Parameter segmentOf: the id of the recording that it is a segment of.
    func deliver(
        _ recording: SessionRecording,
        segmentOf: String? = nil,
        _ deadline: ContinuousClock.Instant
    ) async -> [ExportOutcome] {
        guard let outbox, let file = recording.file else { return await export(recording, exporters, deadline) }
        let deliveries = outbox.begin(StoredRecording(file, segmentOf: segmentOf), exporters)
        var outcomes = deliveries.map { delivery in delivery.receipt.map { ExportOutcome($0, of: delivery) } }
        let open = deliveries.filter { $0.receipt == nil }
        let made = await export(recording, open.map { exporters[$0.ordinal] }, deadline)
        let settled = outbox.end(
            zip(open, made).map { ($0, exporters[$0.ordinal], $1) },
            recording
        )
        for (delivery, outcome) in zip(open, settled) { outcomes[delivery.ordinal] = outcome }
        return outcomes.compactMap { $0 }
    }

    private func export(
        _ recording: SessionRecording,
        _ exporters: [any RecordingExporter],
        _ deadline: ContinuousClock.Instant
    ) async -> [ExportOutcome] {
        let chain = ExporterChain(exporters, logger: logger)
        return await gate.run(chain, recording, in: span.context, deadline: deadline)
    }

    func report(endedAt: Double, recording: FinishedRecording?) -> SessionReport {
        SessionReport(
            sessionID: sessionID,
            traceID: traceParent.traceID,
            spanID: traceParent.spanID,
            version: options.version,
            startedAt: Timestamp.rfc3339(startedAt),
            endedAt: Timestamp.rfc3339(endedAt),
            status: nil,
            recording: recording.map(SessionReport.Recording.init),
            recovered: recovered,
            exports: [],
            phases: []
        )
    }

    /// Puts the report beside the recording: once before the exporters run, so that it is there if they never return,
    /// and once with what they did. Only a failure becomes one of its phases: the file cannot tell of its own writing.
    func write(_ report: inout SessionReport, replacing: Bool) async {
        guard let filePath = report.recording?.path else { return }
        let phase = await SessionPhase.calling(.report, within: options.finalizeLimit, logger: logger) { [report] in
            let path = RecordingPlace.reportPath(forFile: filePath)
            let text = try report.json()
            do throws(RecorderError) {
                try DurableFile.write(text, to: path, replacing: replacing)
            } catch .exists(let path) {
                throw RecorderError.exists(path: path)
            } catch {
                // The disk may have had a bad moment.
                try DurableFile.write(text, to: path, replacing: replacing)
            }
        }
        if phase.outcome != .done { report.phases.append(phase) }
    }
}
