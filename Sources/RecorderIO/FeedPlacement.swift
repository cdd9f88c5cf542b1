internal import Audio
internal import FrameRing

/// One of a session's tracks whose frames the application feeds.
struct FeedPlacement: ~Copyable, Sendable {
    private var feed: FeedTrack
    var stream: FeedStream

    init(_ feed: consuming FeedTrack, _ stream: FeedStream) {
        self.feed = feed
        self.stream = stream
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
        var isFull = false
        while !isFull {
            let isMore = feed.takeNext { piece, frames in
                let taken = stream.put(piece, frames, into: &mixer, timebase, heard)
                isFull = piece.kind == .frames && taken < Int(piece.frameCount)
                return taken
            }
            guard isMore else { break }
        }
        guard !isFull else { return false }
        stream.rest(until: now, end: end, in: &mixer, timebase)
        return true
    }

    mutating func prepareToSleep() -> Bool { feed.prepareToSleep() }

    mutating func awake() { feed.awake() }

    /// How full the ring is, 0 to 1.
    var fill: Double {
        mutating get { feed.fill }
    }

    var isMemoryLocked: Bool { feed.isMemoryLocked }
}
