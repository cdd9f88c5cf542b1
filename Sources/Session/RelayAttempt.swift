internal import FoundationEssentials
internal import Logging
internal import RecorderIO
internal import RecordingExport
internal import RecordingStore
internal import Tracing

/// One try to deliver a recording later than its session did.
struct RelayAttempt {
    let recording: StoredRecording
    let delivery: Delivery
    let exporter: any RecordingExporter
    let database: StateDatabase
    let logger: Logger

    private var reportPath: String { RecordingPlace.reportPath(forFile: recording.filePath) }

    /// Calls the exporter, and writes what came of it into the recording's report.
    ///
    /// - Parameter isRepeated: also where the report says that it was delivered.
    func outcome(isRepeated: Bool) async -> ExportOutcome {
        guard let report = SessionReport(atPath: reportPath), let exported = report.exported(at: recording.filePath)
        else { return withoutReport }
        let known = report.outcome(of: delivery)
        // The process died before the outbox knew (DUR-1).
        if !isRepeated, let known, known.isDelivered { return known }
        var outcome = await ExporterChain([exporter], logger: logger).run(exported)[0]
        outcome.exporter = delivery.exporter
        outcome.destination = delivery.destination.map(ExporterURL.shown)
        if !outcome.isDelivered, outcome.isRetryable { outcome = outcome.deferred(exporter, exported) }
        if known?.outcome != outcome.outcome || known?.error != outcome.error { await write(outcome) }
        return outcome
    }

    private var withoutReport: ExportOutcome {
        let sentence = "\(reportPath) cannot be read, and tells what the recording is: restore it, and export it again"
        var outcome = ExportOutcome(exporter: delivery.exporter, outcome: .unreadable, error: sentence)
        outcome.spanError = "the recording's report could not be read"
        return outcome
    }

    /// Takes the outcome into the report, as that is now: another delivery of the recording may have changed it meanwhile.
    private func write(_ outcome: ExportOutcome) async {
        // The lock and the disk may take their time, so no thread of the pool waits for them.
        let call = TimeLimitedCall<Void> { _ in }
        let ending = await call.ending(within: .seconds(60)) {
            let lock = try ReportLock(in: database)
            defer { withExtendedLifetime(lock) {} }
            guard var report = SessionReport(atPath: reportPath) else { return }
            report.apply(outcome, of: delivery)
            try DurableFile.write(try report.json(), to: reportPath, replacing: true)
        }
        switch ending {
        case .returned, .cancelled: break
        case .threw(let error): logger.error("a report does not tell of a later delivery: \(error)")
        case .timedOut: logger.error("a report does not tell of a later delivery: the disk did not take it in time")
        }
    }

    /// A span of its own, linked to the session's.
    func trace(_ outcome: ExportOutcome, _ made: Delivery, _ tracer: any Tracer, from begin: Double, to end: Double) {
        guard let report = SessionReport(atPath: reportPath), let exported = report.exported(at: recording.filePath)
        else { return }
        let span = tracer.startSpan(
            "recording_delivery",
            context: .topLevel,
            ofKind: .client,
            at: Timestamp.instant(begin)
        )
        if let session = TraceParent(traceID: report.traceID, spanID: report.spanID) {
            span.addLink(SpanLink(context: session.context(tracer), attributes: [:]))
        }
        var attributes: [String: SpanAttribute] = [
            "tapeline.delivery.exporter": .string(outcome.exporter),
            "tapeline.delivery.outcome": .string(outcome.outcome.rawValue),
            "tapeline.delivery.attempts": .int64(Int64(made.attemptCount)),
            "tapeline.recording.id": .string(recording.recordingID),
        ]
        if let file = exported.file { attributes["tapeline.recording.sha256"] = .string(file.sha256) }
        if let error = outcome.spanError { attributes["tapeline.delivery.error"] = .string(error) }
        for (key, value) in RecordingAttributes(merging: [outcome], of: exported).values {
            attributes[key] = SpanAttribute(value)
        }
        span.attributes.merge(SpanAttributes(attributes))
        if made.state == .refused { span.setStatus(SpanStatus(code: .error, message: outcome.spanError)) }
        span.end(at: Timestamp.instant(end))
    }
}

extension ExportOutcome {
    var isDelivered: Bool { outcome == .attached || outcome == .none }
}

extension SessionReport {
    /// What an exporter is handed.
    fileprivate func exported(at path: String) -> SessionRecording? {
        guard var file = recording?.finished else { return nil }
        file.path = path
        return SessionRecording(
            recordingID: file.id,
            sessionID: sessionID,
            traceID: traceID,
            spanID: spanID,
            file: file
        )
    }
}
