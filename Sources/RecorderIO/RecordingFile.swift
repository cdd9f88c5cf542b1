internal import Audio
internal import FrameRing

/// One file while it is written: its encoder, its length, and what its report will say.
struct RecordingFile: ~Copyable, Sendable {
    private let path: String
    private let recordingID: String
    private let container: Container
    private let format: AudioFormat
    /// Frames of the track that came before this file.
    let firstFrame: Int64
    private var soundFile: EncodedFile
    private(set) var frameCount: Int64 = 0
    private(set) var gaps: [Gap] = []
    private(set) var gapFrameCount: Int64 = 0
    /// Frames that were captured in its time, and are in no file.
    private var droppedFrameCount: Int64
    private var peak: Float = 0
    private var silence: ByteBuffer

    private static let silentFrameCount = 4096

    /// Makes the file as `path.part`, and writes its header.
    ///
    /// - Parameters:
    ///   - firstFrame: the track's frame that the file begins with.
    ///   - droppedFrameCount: frames that could not be kept before it.
    init(
        path: String,
        recordingID: String,
        container: Container,
        format: AudioFormat,
        replacing: Bool,
        firstFrame: Int64,
        droppedFrameCount: Int64 = 0
    ) throws(RecorderError) {
        soundFile = try EncodedFile(path: path, replacing: replacing, container: container, format: format)
        self.path = path
        self.recordingID = recordingID
        self.container = container
        self.format = format
        self.firstFrame = firstFrame
        self.droppedFrameCount = droppedFrameCount
        silence = ByteBuffer(byteCount: Self.silentFrameCount * format.bytesPerFrame)
        gaps.reserveCapacity(64)
    }

    /// Appends whole frames of the device's format; returns their peak, 1.0 being full scale.
    mutating func write(_ frames: RawSpan) throws(RecorderError) -> Float {
        let peak = Samples.peak(of: frames, format.sampleFormat)
        try soundFile.write(frames)
        self.peak = max(self.peak, peak)
        frameCount += Int64(frames.byteCount / format.bytesPerFrame)
        return peak
    }

    /// Appends silence for frames that are missing, at most `count`, and lists the gap; one that goes on where the last ended
    /// is the same.
    ///
    /// - Returns: how many frames of silence that is, and whether it is a gap of its own.
    mutating func writeSilence(
        _ count: Int64,
        _ cause: Gap.Cause
    ) throws(RecorderError) -> (frameCount: Int64, isNew: Bool) {
        let start = frameCount
        let piece = min(count, Int64(Self.silentFrameCount))
        try silence.withBytes(Int(piece) * format.bytesPerFrame) { (bytes) throws(RecorderError) in
            try soundFile.write(bytes)
        }
        frameCount += piece
        gapFrameCount += piece
        return (piece, gaps.list(Gap(firstFrame: start, frameCount: piece, cause: cause)))
    }

    /// Lists a gap of one track among frames that have been written.
    ///
    /// - Parameter gap: by the recording's positions.
    /// - Returns: whether it is a gap of its own.
    mutating func note(_ gap: Gap) -> Bool {
        var gap = gap
        gap.firstFrame -= firstFrame
        gapFrameCount += gap.frameCount
        return gaps.list(gap)
    }

    /// Counts captured frames that could not be written any more.
    mutating func drop(_ count: Int64) { droppedFrameCount += count }

    /// What a second takes on the disk: as seen so far, or as usual while little has been.
    var bytesPerSecond: Double {
        let seconds = Double(frameCount) / Double(format.sampleRate)
        guard seconds < 10 else { return Double(soundFile.byteCount) / seconds }
        return Double(format.sampleRate * format.bytesPerFrame) * container.usualRatio
    }

    /// Throws where the disk is full: the file holds all that it was given, and must end (REC-9).
    func checkRoom() throws(RecorderError) {
        if let fullness = soundFile.fullness { throw fullness }
    }

    /// Bounds what a power cut can take (REC-8).
    mutating func sync() throws(RecorderError) { try soundFile.sync() }

    /// What a file cannot know of itself.
    struct Circumstances: Sendable {
        /// When the track's first frame was captured, on both clocks.
        var trackStart: HostTime?
        var trackStartWallTime: Double
        var measuredRate: Double?
        /// By the file's own positions.
        var conditions: (periods: [ConditionPeriod], omittedCount: Int)
        /// Why writing ended early, if it did.
        var failure: RecorderError?
    }

    /// Completes the file under its final name, and reads it once more for its digest (REC-7).
    consuming func finalize(_ circumstances: Circumstances) -> RecordingOutcome {
        let firstFrame = firstFrame
        let offset = Double(firstFrame) / (circumstances.measuredRate ?? Double(format.sampleRate))
        var recording = FinishedRecording(
            id: recordingID,
            path: path,
            container: container,
            format: format,
            measuredRate: circumstances.measuredRate,
            frameCount: frameCount,
            startedAt: circumstances.trackStartWallTime + offset,
            sha256: "",
            byteCount: 0,
            peakDBFS: peak > 0 ? Decibels.fullScale(peak) : nil,
            droppedFrameCount: droppedFrameCount,
            gaps: gaps,
            conditions: circumstances.conditions.periods,
            omittedConditionCount: circumstances.conditions.omittedCount
        )
        var failure = circumstances.failure
        do throws(RecorderError) {
            let end = try soundFile.finalize()
            // The sync that failed last says more than a full disk before it.
            failure = end.failure ?? failure
            recording.cut(to: end.frameCount)
            (recording.sha256, recording.byteCount) = try SHA256.ofFile(atPath: recording.path)
        } catch {
            // What has the final name, if anything, is not this recording.
            var outcome = RecordingOutcome(recording: nil, error: failure ?? error, firstFrame: firstFrame)
            outcome.isLeftBehind = PartFile.exists(finalPath: path)
            return outcome
        }
        let startTime = circumstances.trackStart.map {
            HostTime(nanoseconds: $0.nanoseconds + Int64(offset * 1e9))
        }
        return RecordingOutcome(recording: recording, error: failure, startTime: startTime, firstFrame: firstFrame)
    }
}

extension FinishedRecording {
    /// Leaves out what a failing disk did not take, and counts it (REC-2).
    fileprivate mutating func cut(to frameCount: Int64) {
        let captured = capturedFrameCount
        self.frameCount = frameCount
        gaps = gaps.filter { $0.firstFrame < frameCount }.map { gap in
            var gap = gap
            gap.frameCount = min(gap.frameCount, frameCount - gap.firstFrame)
            return gap
        }
        droppedFrameCount += captured - capturedFrameCount
        conditions = conditions.compactMap { $0.clipped(to: 0..<frameCount) }
    }

    /// Frames of the input that the file holds.
    private var capturedFrameCount: Int64 {
        gaps.filter { $0.channels?.contains(1) ?? true }.reduce(frameCount) { $0 - $1.frameCount }
    }
}
