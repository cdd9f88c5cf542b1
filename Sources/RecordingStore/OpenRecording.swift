public import Audio
public import RecorderIO

/// Where a segment belongs.
public struct SegmentPlace: Hashable, Sendable, Codable {
    /// The id of the recording in segments.
    public var recordingID: String
    /// Frames of its timeline before the segment; nil for as many as its manifest lists.
    public var firstFrame: Int64?

    public init(of recordingID: String, firstFrame: Int64?) {
        self.recordingID = recordingID
        self.firstFrame = firstFrame
    }
}

/// A recording that is going on, with all that its end needs to know where another process must bring it about (DUR-2).
public struct OpenRecording: Hashable, Sendable, Codable {
    /// A lower-case UUID.
    public var recordingID: String
    public var sessionID: String
    /// Wall time, in seconds since 1970.
    public var startedAt: Double
    /// Absolute path of the finished file; nil for a session without audio.
    public var filePath: String?
    public var container: Container
    /// What the device gave; nil while that is not known.
    public var format: AudioFormat?
    /// Whether it may take the place of a finished file of that name.
    public var replacesFile: Bool
    /// The session's span as W3C headers, `traceparent` and `tracestate`; empty while it has not started.
    public var span: [String: String] = [:]
    /// What that span is a child of, likewise; empty for the first span of a trace.
    public var parent: [String: String] = [:]
    /// Where to deliver, as `ExporterURL.text` has it; exporters without a URL cannot be called by another process.
    public var exporterURLs: [String] = []
    /// Known once its file was repaired, which may be before the process that did it died, too.
    public var loss: RecordingLoss?
    /// What it is a segment of; nil for a recording of its own.
    public var segment: SegmentPlace?
    /// Whether it is a recording in segments: the file is their manifest. nil for no.
    public var isManifest: Bool?
    /// The program's.
    public var version: String

    public init(
        recordingID: String,
        sessionID: String,
        startedAt: Double,
        filePath: String?,
        container: Container,
        format: AudioFormat? = nil,
        replacesFile: Bool = false,
        version: String
    ) {
        self.recordingID = recordingID
        self.sessionID = sessionID
        self.startedAt = startedAt
        self.filePath = filePath
        self.container = container
        self.format = format
        self.replacesFile = replacesFile
        self.version = version
    }
}
