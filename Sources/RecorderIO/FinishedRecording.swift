public import Audio

/// A finalized recording: closed, synced, and under its final name. Nothing else is ever exported.
public struct FinishedRecording: Hashable, Sendable {
    /// Unique over all recordings of all boxes: a lower-case UUID.
    public var id: String
    /// Absolute path of the file.
    public var path: String
    public var container: Container
    public var format: AudioFormat
    /// The device's rate against the host clock in Hz; absent where the device has no clock, or the time was too short.
    public var measuredRate: Double?
    /// Length in frames: captured frames + gap frames - dropped frames (REC-2).
    public var frameCount: Int64
    /// Wall time of the first frame, in seconds since 1970.
    public var startedAt: Double
    /// Lower-case hex of the file's bytes.
    public var sha256: String
    /// Size of the file.
    public var byteCount: Int64
    /// The largest sample, in dB relative to full scale; absent for digital silence.
    public var peakDBFS: Double?
    public var droppedFrameCount: Int64
    public var gaps: [Gap]
    /// What was wrong with the device, and when; at most 1000 (CAP-7).
    public var conditions: [ConditionPeriod]
    /// How many more there were.
    public var omittedConditionCount: Int
    /// Whether the file is the manifest of a recording in segments (REC-10): JSON that lists them. All but the file's path,
    /// size and digest then tells of the whole recording.
    public var isManifest = false

    public init(
        id: String,
        path: String,
        container: Container,
        format: AudioFormat,
        measuredRate: Double?,
        frameCount: Int64,
        startedAt: Double,
        sha256: String,
        byteCount: Int64,
        peakDBFS: Double?,
        droppedFrameCount: Int64,
        gaps: [Gap],
        conditions: [ConditionPeriod] = [],
        omittedConditionCount: Int = 0
    ) {
        self.id = id
        self.path = path
        self.container = container
        self.format = format
        self.measuredRate = measuredRate
        self.frameCount = frameCount
        self.startedAt = startedAt
        self.sha256 = sha256
        self.byteCount = byteCount
        self.peakDBFS = peakDBFS
        self.droppedFrameCount = droppedFrameCount
        self.gaps = gaps
        self.conditions = conditions
        self.omittedConditionCount = omittedConditionCount
    }

    /// The usual ending of the file's name, without the dot.
    public var fileExtension: String { isManifest ? "json" : container.fileExtension }

    /// IANA media type of the file.
    public var mediaType: String { isManifest ? "application/json" : container.mediaType }

    /// Length at the nominal rate (REC-6).
    public var duration: Duration { format.duration(ofFrames: frameCount) }
}
