extension ExportOutcome {
    /// What the report says of a call that ended so. `limit` is the time that the call was given.
    init(
        exporter: String,
        ending: TimeLimitedCall<RecordingExportResult?>.Ending,
        limit: Duration,
        recording: SessionRecording
    ) {
        switch ending {
        case .returned(let result):
            self.init(exporter: exporter, result: result, localPaths: LocalPaths(of: recording))
        case .threw(let error as RecordingExportError):
            self.init(exporter: exporter, outcome: Kind(error.kind), error: error.description)
            spanError = error.spanDescription
            isRetryable = error.isRetryable
            concernsTarget = error.concernsTarget
            if LocalPaths(of: recording).appear(in: error.spanDescription) { spanError = "the exporter failed" }
        case .threw(is CancellationError), .cancelled:
            let sentence = "cancelled before it was delivered"
            self.init(exporter: exporter, outcome: .cancelled, error: sentence, spanError: sentence)
            isRetryable = true
        case .threw(let error):
            // Its text might hold anything (SPAN-1): the span gets its type.
            self.init(exporter: exporter, outcome: .failed, error: "\(error)")
            spanError = "the exporter failed with an error of type \(type(of: error))"
            isRetryable = true
        case .timedOut:
            let sentence = "did not end within its limit of \(limit.inSeconds)"
            self.init(exporter: exporter, outcome: .timeout, error: sentence, spanError: sentence)
            isRetryable = true
        }
    }

    private init(exporter: String, result: RecordingExportResult?, localPaths: LocalPaths) {
        // Empty strings are never set (EXP-3): they are absent here already.
        let path = result?.recordingPath.nonEmpty
        let url = result?.recordingURL.nonEmpty
        let id = result?.recordingID.nonEmpty
        let isAttached =
            path != nil || RecordingAttributes.mayBeSet(url, localPaths) || RecordingAttributes.mayBeSet(id, localPaths)
        self.init(
            exporter: exporter,
            outcome: isAttached ? .attached : .none,
            recordingURL: url,
            recordingID: id,
            recordingPath: path,
            traceAttributes: result?.traceAttributes ?? [:]
        )
    }
}

extension ExportOutcome.Kind {
    fileprivate init(_ kind: RecordingExportError.Kind) {
        switch kind {
        case .failed, .configuration: self = .failed
        case .tooLarge: self = .tooLarge
        case .unreadable: self = .unreadable
        case .timeout: self = .timeout
        case .deferred: self = .deferred
        }
    }
}

extension String? {
    fileprivate var nonEmpty: String? { self == "" ? nil : self }
}

extension Duration {
    /// Such as `30 s` or `0.25 s`.
    package var inSeconds: String {
        let milliseconds = (self / .milliseconds(1)).rounded()
        return milliseconds.truncatingRemainder(dividingBy: 1000) == 0
            ? "\(Int(milliseconds / 1000)) s" : "\(milliseconds / 1000) s"
    }
}
