internal import Audio
internal import FrameRing

/// One track's way into its channels of the pane: places its frames by their time, and resamples those of another rate or
/// clock (REC-1, REC-4).
///
/// Frames of the file's rate whose places are exact are copied as they are, each to its rounded place: a hole is so many zeros,
/// and what overlaps is late. All others go through a resampler, as long as they follow on each other within `tolerance`;
/// where they do not, it is flushed, and begins anew at the exact place. What is reported as missing is never bridged.
struct TrackLane: Sendable {
    private let fileFormat: AudioFormat
    /// The first of its channels in the file, counted from 0.
    private let channel: Int
    private(set) var source: TrackFormat
    private var resampler: Resampler?
    private var steering = RateSteering()
    /// Whether the resampler has frames that the next may follow on.
    private var isRunning = false
    /// The next frame of the file that this track fills; all before are certain.
    private(set) var position: Int64 = 0
    private(set) var isEnded = false
    private(set) var counts = TrackCounts()
    /// In order of place, those last that are about to grow.
    private var gaps: [Gap] = []
    /// Where the last one ends, and why it was.
    private var lastGap: (end: Int64, cause: Gap.Cause)?

    /// Measured places may be as far from where the frames would lie, until that counts as a discontinuity. More than any
    /// clock's noise, and little enough to be caught up with unheard.
    static let measuredToleranceSeconds = 0.010
    /// Frames that would overlap by no more than this begin right behind the others, for the steering to move.
    static let overlapSeconds = 0.001

    init(fileFormat: AudioFormat, channel: Int, source: TrackFormat) throws(RecorderError) {
        self.fileFormat = fileFormat
        self.channel = channel
        self.source = source
        resampler = try Self.resampler(source, fileFormat)
        gaps.reserveCapacity(16)
    }

    private static func resampler(_ source: TrackFormat, _ file: AudioFormat) throws(RecorderError) -> Resampler? {
        guard source.pace == .measured || source.audio.sampleRate != file.sampleRate else { return nil }
        return try Resampler(channelCount: source.audio.channelCount)
    }

    /// Frames of the file for a frame of the source, by their nominal rates.
    private var nominalRatio: Double { Double(fileFormat.sampleRate) / Double(source.audio.sampleRate) }

    private var fileRate: Double { Double(fileFormat.sampleRate) }

    /// How far frames may be from where they would lie, in frames of the file.
    private var tolerance: Double { slack(Self.measuredToleranceSeconds) }

    /// Frames that overlap by so many frames of the file are not late.
    private var overlap: Double { resampler == nil ? 0 : slack(Self.overlapSeconds) }

    private func slack(_ measuredSeconds: Double) -> Double {
        source.pace == .measured ? measuredSeconds * fileRate : max(1, nominalRatio)
    }

    var isResampled: Bool { resampler != nil }

    /// How much faster the source's clock is played out than its nominal rate says, in parts of one.
    var drift: Double { steering.drift }

    /// Up to where what was given reaches, in frames of the file.
    private var expectedPlace: Double {
        guard let resampler, isRunning else { return Double(position) }
        return Double(position) + resampler.heldFrameCount * resampler.ratio
    }

    // MARK: In

    /// Goes on with another source of as many channels.
    mutating func begin(_ source: TrackFormat, _ pane: inout FramePane) throws(RecorderError) {
        precondition(source.audio.channelCount == self.source.audio.channelCount, "channels are never remixed")
        let resampler = try Self.resampler(source, fileFormat)
        flush(&pane)
        self.resampler = resampler
        self.source = source
        steering = RateSteering()
        isEnded = false
    }

    /// Takes frames whose first belongs at `place`, as many as there is room for.
    mutating func put(_ frames: RawSpan, at place: Double, _ pane: inout FramePane) -> Int {
        let bytesPerFrame = source.audio.bytesPerFrame
        let count = frames.byteCount / bytesPerFrame
        guard count > 0, !isEnded else { return count }
        var skipped = 0
        if isRunning, abs(place - expectedPlace) <= tolerance {
            if source.pace == .measured { steering.observe(error: (place - expectedPlace) / fileRate) }
        } else {
            flush(&pane)
            skipped = skip(count, at: place)
            guard skipped < count else { return count }
            // Right behind a gap, the frames' own time says how long that was.
            let cause = lastGap?.end == position ? lastGap?.cause : source.holeCause
            leaveHole(to: Int64((place + Double(skipped) * nominalRatio).rounded()), cause)
        }
        let rest = frames.extracting(skipped * bytesPerFrame..<count * bytesPerFrame)
        let taken = resampler == nil ? copy(rest, &pane) : resample(rest, &pane)
        counts.sourceFrameCount += Int64(taken)
        return skipped + taken
    }

    /// Leaves out what lies before the recording's start, and drops what is late (REC-3).
    private mutating func skip(_ count: Int, at place: Double) -> Int {
        let place = resampler == nil ? place.rounded() : place
        let behind = Double(position) - place
        guard behind > overlap else { return 0 }
        let skipped = min(count, Int((behind / nominalRatio).rounded(.up)))
        let unwanted = min(skipped, max(0, Int((-place / nominalRatio).rounded(.up))))
        let late = skipped - unwanted
        counts.sourceFrameCount += Int64(late)
        counts.droppedFrameCount += Int64((Double(late) * nominalRatio).rounded())
        return skipped
    }

    private mutating func copy(_ frames: RawSpan, _ pane: inout FramePane) -> Int {
        let bytesPerFrame = source.audio.bytesPerFrame
        let count = min(frames.byteCount / bytesPerFrame, max(0, Int(pane.end - position)))
        guard count > 0 else { return 0 }
        pane.place(frames.extracting(0..<count * bytesPerFrame), source.audio, at: position, channel: channel)
        advance(count)
        return count
    }

    private mutating func resample(_ frames: RawSpan, _ pane: inout FramePane) -> Int {
        guard let resampler else { return 0 }
        let bytesPerFrame = source.audio.bytesPerFrame
        let count = frames.byteCount / bytesPerFrame
        if !isRunning {
            resampler.reset()
            steering.restart()
        }
        let most = nominalRatio * (1 + RateSteering.deviationLimit)
        var taken = 0
        while taken < count {
            // What it holds must have room as well, for a flush may come at any time.
            let room = Double(pane.end - position) / most - resampler.heldFrameCount - 4
            let piece = min(count - taken, pieceFrameCount, max(0, Int(min(room, 1e9))))
            guard piece > 0 else { break }
            isRunning = true
            let seconds = Double(piece) / Double(source.audio.sampleRate)
            let deviation = source.pace == .measured ? steering.advance(by: seconds) : 0
            let bytes = frames.extracting(taken * bytesPerFrame..<(taken + piece) * bytesPerFrame)
            let made = resampler.process(bytes, source.audio.sampleFormat, ratio: nominalRatio * (1 + deviation))
            place(made, &pane)
            taken += piece
        }
        return taken
    }

    /// Frames that go into the resampler at once, so that what comes out fits.
    private var pieceFrameCount: Int {
        max(1, Int(Double(Resampler.pieceFrameCount) / max(1, nominalRatio * 1.01)) - 12)
    }

    private mutating func place(_ made: Int, _ pane: inout FramePane) {
        guard made > 0, let resampler else { return }
        let (position, channel) = (position, channel)
        resampler.withOutput(made) { floats in
            pane.place(floats, channelCount: resampler.channelCount, at: position, channel: channel)
        }
        advance(made)
    }

    private mutating func advance(_ count: Int) {
        position += Int64(count)
        counts.placedFrameCount += Int64(count)
    }

    /// Puts what the resampler holds into its place: no tail is lost (REC-4).
    mutating func flush(_ pane: inout FramePane) {
        guard isRunning, let resampler else { return }
        isRunning = false
        while true {
            let made = resampler.flush(atMost: min(Resampler.pieceFrameCount, Int(pane.end - position)))
            guard made > 0 else { break }
            place(made, &pane)
        }
    }

    // MARK: Nothing

    /// Notes that the track has no frames before `place`.
    ///
    /// - Parameter cause: why they are missing; nil where silence is as it should be.
    mutating func leaveOut(until place: Double, _ cause: Gap.Cause?, _ pane: inout FramePane) {
        guard !isEnded else { return }
        if isRunning {
            guard place > expectedPlace + (cause == nil ? tolerance : 0.5) else { return }
            flush(&pane)
        }
        leaveHole(to: Int64(place.rounded()), cause)
    }

    /// Goes on without the track: the file does not wait for it any longer (REC-3).
    mutating func pass(to end: Int64, _ pane: inout FramePane) {
        guard position < end else { return }
        flush(&pane)
        leaveHole(to: end, source.holeCause)
    }

    /// The source gives no more.
    mutating func end(_ pane: inout FramePane) {
        flush(&pane)
        isEnded = true
    }

    /// What has ended is silent for as long as the file goes on.
    mutating func pad(to end: Int64) { leaveHole(to: end, nil) }

    private mutating func leaveHole(to end: Int64, _ cause: Gap.Cause?) {
        let count = end - position
        guard count > 0 else { return }
        defer { position = end }
        guard let cause else {
            counts.silentFrameCount += count
            return
        }
        counts.gapFrameCount += count
        lastGap = (end, cause)
        gaps.list(Gap(firstFrame: position, frameCount: count, cause: cause, channels: channels))
    }

    /// nil where the file has no others.
    private var channels: [Int]? {
        let count = source.audio.channelCount
        return count == fileFormat.channelCount ? nil : Array(channel + 1...channel + count)
    }

    /// Takes the gaps, or their parts, that lie before a place of the file.
    mutating func takeGaps(before end: Int64, into taken: inout [Gap]) {
        while let first = gaps.first, first.firstFrame < end {
            let count = min(first.frameCount, end - first.firstFrame)
            var gap = first
            gap.frameCount = count
            taken.append(gap)
            if count == first.frameCount {
                gaps.removeFirst()
            } else {
                gaps[0].firstFrame += count
                gaps[0].frameCount -= count
            }
        }
    }
}
