internal import RecorderIO
internal import RecordingExport

/// How one step of a session's end went, as the report tells it (SES-4).
public struct SessionPhase: Codable, Hashable, Sendable {
    public enum Kind: String, Codable, Hashable, Sendable {
        /// Stopping capture, draining the ring, closing the file.
        case finalize
        /// Writing the report beside the recording.
        case report
        /// The primary upload.
        case upload
        /// The exporter chain; `exports` tells of each.
        case export
        /// One callback.
        case callback
    }

    public enum Outcome: String, Codable, Hashable, Sendable {
        case done
        case failed
        /// It did not end within its limit, or the time for the whole end was used up.
        case timeout
        /// The export was skipped, and is left for later.
        case deferred
    }

    public var phase: Kind
    /// The uploader's or the callback's; `segments` for the deliveries of a recording's segments.
    public var name: String?
    public var outcome: Outcome
    /// One sentence: it may name local paths.
    public var error: String?
    public var seconds: Double

    public init(phase: Kind, name: String? = nil, outcome: Outcome, error: String? = nil, seconds: Double) {
        self.phase = phase
        self.name = name
        self.outcome = outcome
        self.error = error
        self.seconds = seconds
    }

    init(_ recording: RecordingOutcome, seconds: Double) {
        let outcome: Outcome =
            switch recording.error {
            case nil: .done
            case .unfinished: .timeout
            default: .failed
            }
        self.init(phase: .finalize, outcome: outcome, error: recording.error?.description, seconds: seconds)
    }

    init(upload: ExportOutcome) {
        self.init(
            phase: .upload,
            name: upload.exporter,
            outcome: Outcome(upload.outcome),
            error: upload.error,
            seconds: upload.seconds
        )
    }

    /// Of a whole chain: the worst of its exporters' outcomes.
    init(exports: [ExportOutcome], name: String? = nil, seconds: Double) {
        let outcomes = Set(exports.map { Outcome($0.outcome) })
        let worst = [Outcome.failed, .timeout, .deferred].first(where: outcomes.contains) ?? .done
        self.init(phase: .export, name: name, outcome: worst, seconds: seconds)
    }
}

extension SessionPhase.Outcome {
    fileprivate init(_ kind: ExportOutcome.Kind) {
        switch kind {
        case .attached, .none: self = .done
        case .timeout: self = .timeout
        case .deferred: self = .deferred
        case .failed, .cancelled, .tooLarge, .unreadable: self = .failed
        }
    }
}
