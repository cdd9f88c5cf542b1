internal import Audio
internal import FrameRing

/// What begins and ends an event: a level that is reached, and how much before and after it belongs to the event.
public struct LevelTriggerOptions: Codable, Hashable, Sendable {
    /// The magnitude that one sample of one channel must reach, in dB relative to full scale, at most 0.
    public var thresholdDBFS: Double
    /// How much of the time before the first such sample is part of the event.
    public var preRollSeconds: Double
    /// How much of the time after the last such sample is part of the event; a sample within it goes on with the event.
    public var hangSeconds: Double

    enum CodingKeys: String, CodingKey {
        case thresholdDBFS = "threshold_dbfs"
        case preRollSeconds = "pre_roll_s"
        case hangSeconds = "hang_s"
    }

    public init(thresholdDBFS: Double, preRollSeconds: Double = 10, hangSeconds: Double = 5) {
        self.thresholdDBFS = thresholdDBFS
        self.preRollSeconds = preRollSeconds
        self.hangSeconds = hangSeconds
    }
}

/// Finds where events begin and end on a track, to the frame.
struct LevelTrigger {
    let preRollFrameCount: Int64
    private let hangFrameCount: Int64
    private let format: AudioFormat
    private let threshold: Float
    /// Where the event that goes on would end; nil between events.
    private(set) var eventEnd: Int64?

    /// Frames that are looked at together before single ones are.
    private static let blockFrameCount = 256

    init(_ options: LevelTriggerOptions, format: AudioFormat) {
        self.format = format
        threshold = Decibels.magnitude(options.thresholdDBFS)
        preRollFrameCount = Int64((options.preRollSeconds * Double(format.sampleRate)).rounded())
        hangFrameCount = Int64((options.hangSeconds * Double(format.sampleRate)).rounded())
    }

    /// Looks for the frame that begins an event, in frames at `position` of the track.
    ///
    /// - Returns: its position; the event's first frame is up to `preRollFrameCount` before it.
    mutating func begin(in frames: RawSpan, at position: Int64) -> Int64? {
        guard let index = firstLoudFrame(of: frames) else { return nil }
        let frame = position + Int64(index)
        eventEnd = frame + 1 + hangFrameCount
        return frame
    }

    /// Looks for what goes on with the event in frames at `position`, of which none is behind `eventEnd`.
    mutating func goOn(in frames: RawSpan, at position: Int64) {
        guard let index = lastLoudFrame(of: frames) else { return }
        eventEnd = position + Int64(index) + 1 + hangFrameCount
    }

    /// Goes on with the event at `position`, whatever was there: frames could not be kept for a while.
    mutating func goOn(at position: Int64) { eventEnd = max(eventEnd ?? 0, position + hangFrameCount + 1) }

    /// The event is over.
    mutating func end() { eventEnd = nil }

    private func firstLoudFrame(of frames: RawSpan) -> Int? {
        var start = 0
        let frameCount = frames.byteCount / format.bytesPerFrame
        while start < frameCount {
            let end = min(frameCount, start + Self.blockFrameCount)
            if isLoud(frames, start..<end) {
                while !isLoud(frames, start..<start + 1) { start += 1 }
                return start
            }
            start = end
        }
        return nil
    }

    private func lastLoudFrame(of frames: RawSpan) -> Int? {
        var end = frames.byteCount / format.bytesPerFrame
        while end > 0 {
            let start = max(0, end - Self.blockFrameCount)
            if isLoud(frames, start..<end) {
                while !isLoud(frames, end - 1..<end) { end -= 1 }
                return end - 1
            }
            end = start
        }
        return nil
    }

    private func isLoud(_ frames: RawSpan, _ range: Range<Int>) -> Bool {
        let bytesPerFrame = format.bytesPerFrame
        let bytes = frames.extracting(range.lowerBound * bytesPerFrame..<range.upperBound * bytesPerFrame)
        return Samples.peak(of: bytes, format.sampleFormat) >= threshold
    }
}
