internal import Audio

/// Where the pieces that an application feeds to a track go: each to its time.
struct FeedStream: Sendable {
    private let track: Int
    private var source: TrackFormat
    /// Why the track says nothing while nothing is attached to it; nil where that is no gap.
    private let pauseCause: Gap.Cause?
    private var isPaused = true
    /// Of the frames since the last pause or change of format.
    private var timeline: PlacedTimeline
    /// Frames that the ring had no room for, or that have other channels than the track.
    private(set) var droppedFrameCount: Int64 = 0
    /// Why frames were not taken, and nobody has been told of.
    var refusal: RecorderError?

    /// A track that is silent without a word delays the file by so much (REC-3).
    private static let delaySeconds = 1.0
    /// An output that is silent as it should be delays it by no more than this, for it tells before it plays.
    private static let feedingSeconds = 0.1

    init(track: Int, source: TrackFormat, pauseCause: Gap.Cause?) {
        self.track = track
        self.source = source
        self.pauseCause = pauseCause
        timeline = PlacedTimeline(source)
    }

    /// Puts a piece into its place; `timebase` knows all times.
    ///
    /// - Returns: how many of its frames there was room for.
    mutating func put(
        _ piece: FeedPiece,
        _ frames: RawSpan,
        into mixer: inout TrackMixer,
        _ timebase: Timebase,
        _ heard: (RawSpan, Int64) -> Void
    ) -> Int {
        guard piece.kind == .frames else {
            // What comes next may still be of before: what was captured then takes its time.
            isPaused = piece.kind == .pause
            timeline = PlacedTimeline(source)
            return 0
        }
        guard change(to: piece, in: &mixer) else {
            droppedFrameCount += piece.frameCount
            return Int(piece.frameCount)
        }
        let time = timeline.accept(piece.hostTime)
        if isPaused { leaveOut(until: time, pauseCause, in: &mixer, timebase) }
        isPaused = false
        if piece.droppedFrameCount > 0 {
            droppedFrameCount += piece.droppedFrameCount
            leaveOut(until: time, .ringFull, in: &mixer, timebase)
        }
        let position = mixer.position(track: track)
        let taken = mixer.put(frames, track: track, at: timebase.place(of: time) ?? 0)
        timeline.advance(by: taken)
        if taken > 0 { heard(frames.extracting(0..<taken * piece.format.bytesPerFrame), position) }
        return taken
    }

    /// Nothing more has been fed: what is silent by now stays so.
    mutating func rest(until now: HostTime, end: HostTime?, in mixer: inout TrackMixer, _ timebase: Timebase) {
        let seconds = isPaused && pauseCause == nil ? Self.feedingSeconds : Self.delaySeconds
        let known = end ?? HostTime(nanoseconds: now.nanoseconds - Int64(seconds * 1e9))
        leaveOut(until: known, isPaused ? pauseCause : source.holeCause, in: &mixer, timebase)
    }

    private func leaveOut(
        until time: HostTime,
        _ cause: Gap.Cause?,
        in mixer: inout TrackMixer,
        _ timebase: Timebase
    ) {
        guard let place = timebase.place(of: time) else { return }
        mixer.leaveOut(track: track, until: place, cause)
    }

    /// Goes on in another format, where it is another.
    ///
    /// - Returns: false where the track cannot take it.
    private mutating func change(to piece: FeedPiece, in mixer: inout TrackMixer) -> Bool {
        let pace = piece.clock == .exact ? TrackFormat.Pace.exact : .measured
        guard piece.format != source.audio || pace != source.pace else { return true }
        let next = TrackFormat(piece.format, pace: pace, holeCause: source.holeCause)
        do throws(RecorderError) {
            guard piece.format.channelCount == source.audio.channelCount else {
                throw .channels(asked: piece.format.channelCount, track: source.audio.channelCount)
            }
            try mixer.begin(next, track: track)
        } catch {
            refusal = refusal ?? error
            return false
        }
        source = next
        timeline = PlacedTimeline(source)
        return true
    }
}
