public import Capture
public import RecorderIO
public import RecordingExport
public import RecordingStore

/// What a session records, and where it puts it.
public struct SessionOptions: Sendable {
    /// Where the recording's frames come from, and the format of its file.
    public var input: TrackSource
    /// The session's other side, in the channels behind the input's: what the agent plays. nil for the input alone.
    public var output: TrackSource?
    public var container = Container.wav
    public var place: RecordingPlace
    /// Replaces a finished file instead of refusing it.
    public var replacesFile = false
    /// Cuts the recording into segments; nil for one file. There can be no `uploader` then.
    public var segments: SegmentOptions?
    /// Ends the recording after exactly so many seconds of its timeline.
    public var durationSeconds: Double?
    /// When a device that seems to record is told to be silent or stuck.
    public var liveness = LivenessLimits()
    /// How long finalizing may take before the session ends without its recording.
    public var finalizeLimit = Duration.seconds(60)
    /// Makes the primary upload, before the exporters run; nil for none.
    public var uploader: (any SessionReportUploader)?
    /// How long the whole end of a session may take (SES-4); nil for as long as the limits of its steps come to.
    public var endLimit: Duration?
    /// How long, after its end, the primary session's span waits for the job to end (SES-8).
    public var spanHoldLimit = Duration.seconds(3600)
    /// Keeps what must survive the process; nil for a session that nobody recovers.
    public var journal: SessionJournal?
    /// The program's version, as reports tell it.
    public var version: String

    /// A session whose tracks come from devices, or from the application: `AgentSession.recordInput` and `recordOutput`.
    public init(input: TrackSource, output: TrackSource? = nil, place: RecordingPlace, version: String) {
        self.input = input
        self.output = output
        self.place = place
        self.version = version
    }

    /// A session that records one device.
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
        self.init(input: .device(capture), place: place, version: version)
        self.container = container
        self.replacesFile = replacesFile
        self.segments = segments
        self.durationSeconds = durationSeconds
        self.liveness = liveness
        self.finalizeLimit = finalizeLimit
        self.uploader = uploader
        self.endLimit = endLimit
        self.spanHoldLimit = spanHoldLimit
        self.journal = journal
    }
}
