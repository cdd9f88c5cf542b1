public import Audio
internal import FoundationEssentials
public import RecorderIO
internal import RecordingExport

/// What a recording in segments consists of: a value, and the JSON file that its URL points at (REC-10).
///
/// The segments one after the other are the recording, but for frames that no disk could take. Times are RFC 3339 in UTC.
public struct RecordingManifest: Codable, Hashable, Sendable {
    /// Of the whole; the ids of its segments are others.
    public var recordingID: String
    public var sessionID: String
    public var container: Container
    /// As ALSA names it: what the device gave. It, rate and channels are absent until the first segment is finished.
    public var sampleFormat: String?
    public var sampleRateHz: Int?
    public var channels: Int?
    public var segmentation: Segmentation?
    /// Where only events are recorded: what is between segments then is in none.
    public var trigger: LevelTriggerOptions?
    /// Absent while the recording goes on.
    public var endedAt: String?
    /// Sum of the segments'.
    public var frames: Int64
    /// Those that are finished, in order of their first frames.
    public var segments: [Segment]

    enum CodingKeys: String, CodingKey {
        case recordingID = "recording_id"
        case sessionID = "session_id"
        case sampleFormat = "sample_format"
        case sampleRateHz = "sample_rate_hz"
        case endedAt = "ended_at"
        case container, channels, segmentation, trigger, frames, segments
    }

    /// A finished file.
    public struct Segment: Codable, Hashable, Sendable {
        /// The file's name, in the manifest's folder where it was recorded.
        public var file: String
        public var id: String
        /// Its place on the recording's timeline.
        public var firstFrame: Int64
        public var frames: Int64
        public var startedAt: String
        public var sha256: String
        public var bytes: Int64
        public var peakDBFS: Double?
        public var droppedFrames: Int64
        /// By the segment's own positions.
        public var gaps: [Gap]
        /// Where it was delivered, one for each exporter; absent until that is known.
        public var exports: [Export]?

        enum CodingKeys: String, CodingKey {
            case file, id, frames, sha256, bytes, gaps, exports
            case firstFrame = "first_frame"
            case startedAt = "started_at"
            case peakDBFS = "peak_dbfs"
            case droppedFrames = "dropped_frames"
        }
    }

    /// What became of delivering a segment; of one that is `deferred`, where it will be.
    public struct Export: Codable, Hashable, Sendable {
        public var exporter: String
        public var outcome: String
        public var recordingURL: String?
        public var recordingID: String?

        enum CodingKeys: String, CodingKey {
            case exporter, outcome
            case recordingURL = "recording_url"
            case recordingID = "recording_id"
        }
    }

    /// One JSON object, keys in a fixed order, with a line end.
    func json() throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(self), as: UTF8.self) + "\n"
    }
}

extension RecordingManifest {
    init(
        recordingID: String,
        sessionID: String,
        container: Container,
        segmentation: Segmentation?,
        trigger: LevelTriggerOptions? = nil
    ) {
        self.trigger = trigger
        self.recordingID = recordingID
        self.sessionID = sessionID
        self.container = container
        self.segmentation = segmentation
        frames = 0
        segments = []
    }

    /// Reads a manifest; nil where there is none, or it is none of this program's.
    init?(atPath path: String) {
        guard FileManager.default.fileExists(atPath: path) else { return nil }
        do {
            self = try JSONDecoder().decode(RecordingManifest.self, from: Data(contentsOf: URL(filePath: path)))
        } catch {
            return nil
        }
        guard isPlausible else { return nil }
    }

    /// Whether its numbers may be those of a recording: they are calculated with.
    private var isPlausible: Bool {
        func isCount(_ number: Int64) -> Bool { 0...(1 << 56) ~= number }
        return 1...10_000_000 ~= sampleRateHz ?? 1 && 1...1024 ~= channels ?? 1 && isCount(frames)
            && segments.allSatisfy { segment in
                isCount(segment.firstFrame) && isCount(segment.frames) && isCount(segment.droppedFrames)
                    && !segment.file.contains("/")
                    && segment.gaps.allSatisfy { isCount($0.firstFrame) && isCount($0.frameCount) }
            }
            && segments.reduce(0.0) { $0 + Double($1.droppedFrames) } < 0x1p62
            && segments.flatMap(\.gaps).reduce(0.0) { $0 + Double($1.frameCount) } < 0x1p62
    }

    /// Takes in a segment that is finished; one that is listed stays as it is.
    mutating func add(_ file: FinishedRecording, firstFrame: Int64) {
        guard !segments.contains(where: { $0.id == file.id }) else { return }
        sampleFormat = sampleFormat ?? file.format.sampleFormat.rawValue
        sampleRateHz = sampleRateHz ?? file.format.sampleRate
        channels = channels ?? file.format.channelCount
        let place = segments.lastIndex { $0.firstFrame <= firstFrame }.map { $0 + 1 } ?? 0
        segments.insert(Segment(file, firstFrame: firstFrame), at: place)
        frames += file.frameCount
    }

    /// Tells where a segment was delivered.
    mutating func setExports(_ outcomes: [ExportOutcome], ofSegment id: String) {
        guard !outcomes.isEmpty, let index = segments.lastIndex(where: { $0.id == id }) else { return }
        segments[index].exports = outcomes.map(Export.init)
    }

    /// When the last frame of the last segment was captured, in seconds since 1970.
    var lastKnownMoment: Double {
        guard let last = segments.last, let sampleRateHz else { return 0 }
        return (Timestamp.seconds(rfc3339: last.startedAt) ?? 0) + Double(last.frames) / Double(sampleRateHz)
    }

    /// Gaps by the recording's positions; one that a seam cuts is one.
    var gaps: [Gap] {
        var gaps: [Gap] = []
        for segment in segments {
            for var gap in segment.gaps {
                gap.firstFrame += segment.firstFrame
                gaps.list(gap)
            }
        }
        return gaps
    }

    /// The whole recording, whose file the manifest is, as it is written; nil without a segment.
    func whole(path: String) throws(RecorderError) -> FinishedRecording? {
        let (sha256, byteCount) = try SHA256.ofFile(atPath: path)
        guard let first = segments.first, let startedAt = Timestamp.seconds(rfc3339: first.startedAt),
            let sampleFormat = sampleFormat.flatMap(SampleFormat.init), let sampleRateHz, let channels
        else { return nil }
        var whole = FinishedRecording(
            id: recordingID,
            path: path,
            container: container,
            format: AudioFormat(sampleFormat: sampleFormat, sampleRate: sampleRateHz, channelCount: channels),
            measuredRate: nil,
            frameCount: frames,
            startedAt: startedAt,
            sha256: sha256,
            byteCount: byteCount,
            peakDBFS: segments.compactMap(\.peakDBFS).max(),
            droppedFrameCount: segments.reduce(0) { $0 + $1.droppedFrames },
            gaps: gaps
        )
        whole.isManifest = true
        return whole
    }
}

extension RecordingManifest.Segment {
    /// Whether each exporter is known to have it.
    var isDelivered: Bool {
        let kinds = [ExportOutcome.Kind.attached, .none].map(\.rawValue)
        return exports?.allSatisfy { kinds.contains($0.outcome) } ?? false
    }

    fileprivate init(_ recording: FinishedRecording, firstFrame: Int64) {
        file = recording.path.split(separator: "/").last.map(String.init) ?? recording.path
        id = recording.id
        self.firstFrame = firstFrame
        frames = recording.frameCount
        startedAt = Timestamp.rfc3339(recording.startedAt)
        sha256 = recording.sha256
        bytes = recording.byteCount
        peakDBFS = recording.peakDBFS
        droppedFrames = recording.droppedFrameCount
        gaps = recording.gaps
    }
}

extension RecordingManifest.Export {
    fileprivate init(_ outcome: ExportOutcome) {
        exporter = outcome.exporter
        self.outcome = outcome.outcome.rawValue
        recordingURL = outcome.recordingURL
        recordingID = outcome.recordingID
    }
}
