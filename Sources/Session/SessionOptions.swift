public import Capture
public import RecorderIO
public import RecordingExport
public import RecordingStore

/// What a session records, and where it puts it.
public struct SessionOptions: Sendable {
    public var capture: CaptureOptions
    public var container: Container
    public var place: RecordingPlace
    /// Replaces a finished file instead of refusing it.
    public var replacesFile: Bool
    /// Cuts the recording into segments; nil for one file. There can be no `uploader` then.
    public var segments: SegmentOptions?
    /// Ends the recording after exactly so many seconds of its timeline.
    public var durationSeconds: Double?
    /// When a device that seems to record is told to be silent or stuck.
    public var liveness: LivenessLimits
    /// How long finalizing may take before the session ends without its recording.
    public var finalizeLimit: Duration
    /// Makes the primary upload, before the exporters run; nil for none.
    public var uploader: (any SessionReportUploader)?
    /// How long the whole end of a session may take (SES-4); nil for as long as the limits of its steps come to.
    public var endLimit: Duration?
    /// How long, after its end, the primary session's span waits for the job to end (SES-8).
    public var spanHoldLimit: Duration
    /// Keeps what must survive the process; nil for a session that nobody recovers.
    public var journal: SessionJournal?
    /// The program's version, as reports tell it.
    public var version: String

    public init(
        capture: CaptureOptions,
        container: Container = .wav,
        place: RecordingPlace,
        replacesFile: Bool = false,
        segments: SegmentOptions? = nil,
        durationSeconds: Double? = nil,
        liveness: LivenessLimits = LivenessLimits(),
        finalizeLimit: Duration = .seconds(60),
        uploader: (any SessionReportUploader)? = nil,
        endLimit: Duration? = nil,
        spanHoldLimit: Duration = .seconds(3600),
        journal: SessionJournal? = nil,
        version: String
    ) {
        self.capture = capture
        self.container = container
        self.place = place
        self.replacesFile = replacesFile
        self.segments = segments
        self.durationSeconds = durationSeconds
        self.liveness = liveness
        self.finalizeLimit = finalizeLimit
        self.uploader = uploader
        self.endLimit = endLimit
        self.spanHoldLimit = spanHoldLimit
        self.journal = journal
        self.version = version
    }
}
