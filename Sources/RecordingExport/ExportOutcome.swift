/// How one exporter's call ended, as the report tells it (SES-10).
public struct ExportOutcome: Hashable, Sendable {
    public enum Kind: String, Hashable, Sendable, Codable, CaseIterable {
        /// It returned at least one reference that can be set on the span.
        case attached
        /// It returned nothing, or nothing but empty strings.
        case none
        /// It did not end within its limit, or the whole chain's time was over.
        case timeout
        case failed
        /// The caller was cancelled, or the exporter said that it was.
        case cancelled
        case tooLarge = "too_large"
        case unreadable
        case deferred
    }

    /// The exporter's name.
    public var exporter: String
    /// The exporter's own, where it has one, as `ExporterURL.shown` has it.
    public var destination: String?
    public var outcome: Kind
    public var recordingURL: String?
    public var recordingID: String?
    public var recordingPath: String?
    /// One sentence for the report: it may name local paths.
    public var error: String?
    /// How long the call took; less than the truth after a timeout, when the call may still be going on.
    public var seconds: Double
    /// One sentence for the span, free of local paths (SPAN-1). Not a part of the report.
    public var spanError: String?
    /// Whether the same call may succeed later. Not a part of the report.
    public var isRetryable = false
    /// Whether all recordings would fail there now. Not a part of the report.
    public var concernsTarget = false
    /// What the exporter asks to be set on the span, unchecked. Not a part of the report.
    public var traceAttributes: [String: TraceAttributeValue] = [:]

    public init(
        exporter: String,
        outcome: Kind,
        recordingURL: String? = nil,
        recordingID: String? = nil,
        recordingPath: String? = nil,
        error: String? = nil,
        seconds: Double = 0,
        spanError: String? = nil,
        traceAttributes: [String: TraceAttributeValue] = [:]
    ) {
        self.exporter = exporter
        self.outcome = outcome
        self.recordingURL = recordingURL
        self.recordingID = recordingID
        self.recordingPath = recordingPath
        self.error = error
        self.seconds = seconds
        self.spanError = spanError
        self.traceAttributes = traceAttributes
    }
}

extension ExportOutcome {
    /// Of an exporter that has not been called.
    package static func deferred(_ exporter: any RecordingExporter) -> ExportOutcome {
        var outcome = ExportOutcome(exporter: exporter.name, outcome: .deferred)
        outcome.destination = exporter.shownDestination
        outcome.isRetryable = true
        return outcome
    }
}

extension ExportOutcome {
    /// The same as what is delivered later: with the reference that is known beforehand, for as far as one is.
    package func deferred(_ exporter: any RecordingExporter, _ recording: SessionRecording) -> ExportOutcome {
        var outcome = self
        outcome.outcome = .deferred
        let expected = exporter.expectedResult(of: recording)
        outcome.recordingURL = expected?.recordingURL
        outcome.recordingID = expected?.recordingID
        return outcome
    }
}

extension ExportOutcome: Codable {
    enum CodingKeys: String, CodingKey {
        case exporter
        case destination
        case outcome
        case recordingURL = "recording_url"
        case recordingID = "recording_id"
        case recordingPath = "recording_path"
        case error
        case seconds
    }
}
