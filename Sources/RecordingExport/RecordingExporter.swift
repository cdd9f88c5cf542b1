/// Delivers a finished recording somewhere, and says where it is now.
public protocol RecordingExporter: Sendable {
    /// What the report and the span call this exporter; no path and no secret.
    var name: String { get }

    /// How long one call may take; 30 s unless told. A call that takes longer is cancelled, and the chain goes on without
    /// it.
    var timeLimit: Duration { get }

    /// The URL that makes this exporter again in another process (`ExporterURL`); nil, unless told, for one that has none.
    var destination: String? { get }

    /// Where a recording will be once it is delivered, for as far as that is known beforehand: what the span of a session
    /// gets whose delivery is still to come. Nil unless told.
    func expectedResult(of recording: SessionRecording) -> RecordingExportResult?

    /// Delivers one recording.
    ///
    /// A chain calls this on a thread of its own: it may block. It should end soon after its task is cancelled, and must
    /// be safe to repeat, with `recording.idempotencyKey` telling repetitions (EXP-4). `recording.file` is nil where there
    /// is no audio.
    ///
    /// - Returns: Where the recording is; nil attaches nothing to the span and is no error.
    /// - Throws: `RecordingExportError` to say what the report and the span show. Of any other error the span shows just
    ///   its type, for its text might hold a local path (SPAN-1).
    func export(_ recording: SessionRecording) async throws -> RecordingExportResult?
}

extension RecordingExporter {
    public var timeLimit: Duration { .seconds(30) }
    public var destination: String? { nil }
    public func expectedResult(of recording: SessionRecording) -> RecordingExportResult? { nil }
    var shownDestination: String? { destination.map(ExporterURL.shown) }
}
