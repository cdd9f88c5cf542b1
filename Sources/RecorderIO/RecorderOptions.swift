public import Audio
public import Capture

/// What to record, and where to put it.
public struct RecorderOptions: Sendable {
    public var capture: CaptureOptions
    public var container: Container
    /// Absolute path of the finished file; while recording it is `filePath.part` (REC-7).
    public var filePath: String
    /// Replaces a finished file of that name instead of refusing it.
    public var replacesFile: Bool
    /// A lower-case UUID.
    public var recordingID: String
    /// Ends the recording after exactly so many seconds of its timeline; nil records until `close`.
    public var durationSeconds: Double?
    /// How much audio the ring holds while the disk stalls (RING-1).
    public var ringSeconds: Double

    public init(
        capture: CaptureOptions,
        container: Container = .wav,
        filePath: String,
        replacesFile: Bool = false,
        recordingID: String,
        durationSeconds: Double? = nil,
        ringSeconds: Double = 10
    ) {
        self.capture = capture
        self.container = container
        self.filePath = filePath
        self.replacesFile = replacesFile
        self.recordingID = recordingID
        self.durationSeconds = durationSeconds
        self.ringSeconds = ringSeconds
    }
}

/// How a recording goes, for a display. Updated about twice a second.
public struct RecorderProgress: Hashable, Sendable {
    public var frameCount: Int64 = 0
    /// The largest sample since the last update, 1.0 being full scale.
    public var peak: Float = 0
    public var gapCount = 0
    public var gapFrameCount: Int64 = 0
    /// How much of the ring waited to be written, 0 to 1.
    public var ringFill = 0.0
    public var isDeviceLost = false
}

/// How a recording ended: with an error there may be a recording all the same, of what came before it (REC-9).
public struct RecordingOutcome: Sendable {
    public var recording: FinishedRecording?
    public var error: RecorderError?
    /// When the first frame was captured, on this machine's monotonic clock.
    public var startTime: HostTime?
    /// Frames that were captured after the last file had ended for a disk that was full or failed, and are in none.
    public var droppedFrameCount: Int64 = 0
    /// Where there is no recording: whether a `.part` file is left to be repaired, as after a crash.
    public var isLeftBehind = false

    package init(recording: FinishedRecording?, error: RecorderError? = nil, startTime: HostTime? = nil) {
        self.recording = recording
        self.error = error
        self.startTime = startTime
    }
}
