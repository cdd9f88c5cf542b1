internal import Audio
internal import Capture
internal import FrameRing

/// One of a session's tracks whose frames the application feeds: each piece goes to its time.
struct FeedPlacement: ~Copyable, Sendable {
    private let track: Int
    private var feed: FeedTrack
    private var source: TrackFormat
    /// Why the track says nothing while nothing is attached to it; nil where that is no gap.
    private let pauseCause: Gap.Cause?
    private var isPaused = true
    /// Of the stream that goes on, where its times are measured.
    private var clock: DeviceClock?
    /// The stream's frames so far.
    private var streamFrameCount: Int64 = 0
    /// Frames that the ring had no room for, or that have as many channels as the track has not.
    private(set) var droppedFrameCount: Int64 = 0
    /// Why frames were not taken that came last.
    private(set) var refusal: RecorderError?

    /// A track that is silent without a word delays the file by so much (REC-3).
    private static let delaySeconds = 1.0
    /// What is put in may be so much older than the moment at which it is.
    private static let feedingSeconds = 0.1
    /// Measured times that are further from where the stream has got to begin another.
    private static let streamToleranceSeconds = 0.010

    init(track: Int, feed: consuming FeedTrack, source: TrackFormat, pauseCause: Gap.Cause?) {
        self.track = track
        self.feed = feed
        self.source = source
        self.pauseCause = pauseCause
    }

    /// Puts what has been fed into its place.
    ///
    /// - Parameters:
    ///   - now: when the round began.
    ///   - end: when the track ended, if it has.
    ///   - heard: gets the frames that have been put, and where the track stood before them.
    /// - Returns: whether there was room for all of it.
    mutating func put(
        into mixer: inout TrackMixer,
        _ timebase: Timebase,
        now: HostTime,
        end: HostTime?,
        heard: (RawSpan, Int64) -> Void
    ) -> Bool {
        guard timebase.place(of: now) != nil else { return false }
        let place = { (time: HostTime) in timebase.place(of: time) ?? 0 }
        var isFull = false
        while !isFull {
            let isMore = feed.takeNext { piece, frames in
                guard piece.kind == .frames else {
                    isPaused = piece.kind == .pause
                    clock = nil
                    mixer.leaveOut(track: track, until: place(piece.hostTime), isPaused ? source.holeCause : pauseCause)
                    return 0
                }
                let taken = put(piece, frames, into: &mixer, place, heard)
                isFull = taken < Int(piece.frameCount)
                return taken
            }
            guard isMore else { break }
        }
        guard !isFull else { return false }
        let cause = isPaused ? pauseCause : source.holeCause
        if let end {
            mixer.leaveOut(track: track, until: place(end), cause)
        } else {
            let seconds = isPaused ? Self.feedingSeconds : Self.delaySeconds
            let until = HostTime(nanoseconds: now.nanoseconds - Int64(seconds * 1e9))
            mixer.leaveOut(track: track, until: place(until), cause)
        }
        return true
    }

    private mutating func put(
        _ piece: FeedPiece,
        _ frames: RawSpan,
        into mixer: inout TrackMixer,
        _ place: (HostTime) -> Double,
        _ heard: (RawSpan, Int64) -> Void
    ) -> Int {
        isPaused = false
        let pace = piece.clock == .exact ? TrackFormat.Pace.exact : .measured
        guard change(to: piece.format, pace, in: &mixer) else {
            droppedFrameCount += piece.frameCount
            return Int(piece.frameCount)
        }
        let begin = place(pace == .exact ? piece.hostTime : smoothed(piece.hostTime))
        if piece.droppedFrameCount > 0 {
            droppedFrameCount += piece.droppedFrameCount
            mixer.leaveOut(track: track, until: begin, .ringFull)
        }
        let position = mixer.position(track: track)
        let taken = mixer.put(frames, track: track, at: begin)
        streamFrameCount += Int64(taken)
        heard(frames.extracting(0..<taken * piece.format.bytesPerFrame), position)
        return taken
    }

    /// Goes on in another format, where it is another.
    ///
    /// - Returns: false where the track cannot take it.
    private mutating func change(
        to format: AudioFormat,
        _ pace: TrackFormat.Pace,
        in mixer: inout TrackMixer
    ) -> Bool {
        guard format != source.audio || pace != source.pace else { return true }
        let next = TrackFormat(format, pace: pace, holeCause: source.holeCause)
        do throws(RecorderError) {
            guard format.channelCount == source.audio.channelCount else {
                throw .channels(asked: format.channelCount, track: source.audio.channelCount)
            }
            try mixer.begin(next, track: track)
        } catch {
            refusal = error
            return false
        }
        source = next
        clock = nil
        return true
    }

    /// A measured time as the stream's clock has it, which the unevenness of single measurements does not move.
    private mutating func smoothed(_ hostTime: HostTime) -> HostTime {
        if let lateness = clock?.lateness(ofFrame: streamFrameCount, at: hostTime),
            abs(lateness - (clock?.usualLateness ?? 0)) > Self.streamToleranceSeconds
        {
            clock = nil
        }
        if clock == nil {
            clock = DeviceClock(nominalRate: source.audio.sampleRate)
            streamFrameCount = 0
        }
        clock?.observe(frameCount: streamFrameCount, at: hostTime)
        return clock?.hostTime(ofFrame: streamFrameCount) ?? hostTime
    }

    mutating func prepareToSleep() -> Bool { feed.prepareToSleep() }

    mutating func awake() { feed.awake() }

    var fill: Double {
        mutating get { feed.fill }
    }

    var isMemoryLocked: Bool { feed.isMemoryLocked }
}
