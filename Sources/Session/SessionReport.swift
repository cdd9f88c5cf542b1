public import Audio
internal import FoundationEssentials
public import RecorderIO
public import RecordingExport
public import RecordingStore

/// What became of a session, as a value and as JSON with exactly these keys; what is unknown is absent (SES-10).
///
/// Times are RFC 3339 in UTC with fractions.
public struct SessionReport: Codable, Hashable, Sendable {
    public var sessionID: String
    public var traceID: String?
    public var spanID: String?
    public var version: String
    public var startedAt: String
    public var endedAt: String?
    public var status: RecordingStatus?
    public var recording: Recording?
    /// Present where the process that recorded it died, and another one ended it.
    public var recovered: RecordingLoss?
    public var exports: [ExportOutcome]
    /// The steps of the session's end, in the order in which they ended.
    public var phases: [SessionPhase]

    enum CodingKeys: String, CodingKey {
        case sessionID = "session_id"
        case traceID = "trace_id"
        case spanID = "span_id"
        case version
        case startedAt = "started_at"
        case endedAt = "ended_at"
        case status, recording, recovered, exports, phases
    }

    /// The finalized file.
    public struct Recording: Codable, Hashable, Sendable {
        public var id: String
        public var path: String
        public var container: Container
        /// As ALSA names it: what the device gave.
        public var sampleFormat: String
        public var sampleRateHz: Int
        public var measuredRateHz: Double?
        public var channels: Int
        public var frames: Int64
        public var durationS: Double
        public var startedAt: String
        public var sha256: String
        public var bytes: Int64
        public var peakDBFS: Double?
        public var droppedFrames: Int64
        public var gaps: [Gap]
        /// What was wrong with the device, and when (CAP-7); nil for nothing.
        public var conditions: [ConditionPeriod]?
        /// How many more there were than are listed.
        public var omittedConditions: Int?
        /// Of a recording in segments, whose path, bytes and sha256 are its manifest's (REC-10); nil for one file.
        public var segments: [RecordingManifest.Segment]?
        /// Of a segment: the id of the recording that it is of, and its place on that one's timeline.
        public var segmentOf: String?
        public var firstFrame: Int64?

        enum CodingKeys: String, CodingKey {
            case id, path, container, channels, frames, sha256, bytes, gaps, conditions, segments
            case segmentOf = "segment_of"
            case firstFrame = "first_frame"
            case sampleFormat = "sample_format"
            case sampleRateHz = "sample_rate_hz"
            case measuredRateHz = "measured_rate_hz"
            case durationS = "duration_s"
            case startedAt = "started_at"
            case peakDBFS = "peak_dbfs"
            case droppedFrames = "dropped_frames"
            case omittedConditions = "omitted_conditions"
        }

        init(_ recording: FinishedRecording) {
            id = recording.id
            path = recording.path
            container = recording.container
            sampleFormat = recording.format.sampleFormat.rawValue
            sampleRateHz = recording.format.sampleRate
            measuredRateHz = recording.measuredRate
            channels = recording.format.channelCount
            frames = recording.frameCount
            durationS = recording.durationSeconds
            startedAt = Timestamp.rfc3339(recording.startedAt)
            sha256 = recording.sha256
            bytes = recording.byteCount
            peakDBFS = recording.peakDBFS
            droppedFrames = recording.droppedFrameCount
            gaps = recording.gaps
            conditions = recording.conditions.isEmpty ? nil : recording.conditions
            omittedConditions = recording.omittedConditionCount == 0 ? nil : recording.omittedConditionCount
        }
    }

    /// One JSON object, keys in a fixed order, with a line end.
    public func json() throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(self), as: UTF8.self) + "\n"
    }
}

extension FinishedRecording {
    /// Frames over rate (REC-6).
    var durationSeconds: Double { Double(frameCount) / Double(format.sampleRate) }
}
