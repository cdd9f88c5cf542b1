public import Audio
public import Capture

/// What to record, and where to put it.
public struct RecorderOptions: Sendable {
    /// Where the recording's frames come from, and the format of its file.
    public var input: TrackSource
    /// The session's other side, in the channels behind the input's; nil for the input alone (REC-1).
    public var output: TrackSource?
    public var container = Container.wav
    /// Absolute path of the finished file; while recording it is `filePath.part` (REC-7).
    public var filePath: String
    /// Replaces a finished file of that name instead of refusing it.
    public var replacesFile = false
    /// A lower-case UUID.
    public var recordingID: String
    /// Ends the recording after exactly so many seconds of its timeline; nil records until `close`.
    public var durationSeconds: Double?
    /// How much audio the ring holds while the disk stalls (RING-1).
    public var ringSeconds = 10.0
    public var liveness = LivenessLimits()
    /// Cuts the recording into files, of which `filePath` is the first; nil for one file.
    public var segments: RecorderSegments?

    public init(input: TrackSource, output: TrackSource? = nil, filePath: String, recordingID: String) {
        self.input = input
        self.output = output
        self.filePath = filePath
        self.recordingID = recordingID
    }

    /// Frames that the recording may have.
    func frameLimit(atRate sampleRate: Int) -> Int64? {
        durationSeconds.map { Int64(($0 * Double(sampleRate)).rounded()) }
    }

    /// The recording of one device.
    public init(
        capture: CaptureOptions,
        container: Container = .wav,
        filePath: String,
        replacesFile: Bool = false,
        recordingID: String,
        durationSeconds: Double? = nil,
        ringSeconds: Double = 10,
        liveness: LivenessLimits = LivenessLimits()
    ) {
        self.init(input: .device(capture), filePath: filePath, recordingID: recordingID)
        self.container = container
        self.replacesFile = replacesFile
        self.durationSeconds = durationSeconds
        self.ringSeconds = ringSeconds
        self.liveness = liveness
    }
}

/// How long a device may seem to record before something is told to be wrong with it (CAP-7). The recording goes on.
public struct LivenessLimits: Hashable, Sendable {
    /// How long nothing may arrive.
    public var noFramesSeconds: Double
    /// How long only zeros, or one other constant, may arrive.
    public var noSignalSeconds: Double

    public init(noFramesSeconds: Double = 10, noSignalSeconds: Double = 60) {
        self.noFramesSeconds = noFramesSeconds
        self.noSignalSeconds = noSignalSeconds
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
    /// What is wrong with the device now (CAP-7). Frames are counted from the start of the first file, and up to when a
    /// condition last came or went.
    public var conditions: [ConditionPeriod] = []
}

/// How a recording ended: with an error there may be a recording all the same, of what came before it (REC-9).
public struct RecordingOutcome: Sendable {
    public var recording: FinishedRecording?
    public var error: RecorderError?
    /// When the first frame was captured, on this machine's monotonic clock.
    public var startTime: HostTime?
    /// Frames of the timeline before this file: 0 but for segments, and files after the first.
    public var firstFrame: Int64 = 0
    /// Frames that were captured after the last file had ended for a disk that was full or failed, and are in none.
    public var droppedFrameCount: Int64 = 0
    /// Where there is no recording: whether a `.part` file is left to be repaired, as after a crash.
    public var isLeftBehind = false

    package init(
        recording: FinishedRecording?,
        error: RecorderError? = nil,
        startTime: HostTime? = nil,
        firstFrame: Int64 = 0
    ) {
        self.recording = recording
        self.error = error
        self.startTime = startTime
        self.firstFrame = firstFrame
    }
}
