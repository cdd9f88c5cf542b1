public import Audio

/// What plays an application's audio: a loudspeaker, a call, a room.
///
/// Audio comes in segments: what is said without a break. The calls follow those of a voice agent's audio output, where
/// they are named `capture_frame`, `flush`, `clear_buffer`, `pause` and `resume`.
public protocol AudioSink: Sendable {
    /// Plays frames after those given before. Returns when it has taken them, which may be long before they are heard,
    /// and waits where it has enough.
    ///
    /// Frames count as given from the call on, also where it throws. A format may follow another; no frames are fine.
    func play(_ frames: AudioFrames) async throws

    /// Ends the segment: returns when all frames given before have been played and reported.
    func endSegment() async throws

    /// Drops all frames that were given before and not played. When it returns, those that were played are reported. A
    /// pause goes on.
    func interrupt() async throws

    /// Stops playing until `resume`, and keeps what was not played. When it returns, what was played is reported.
    func pause() async throws

    /// Goes on after `pause`.
    func resume() async throws

    /// Has the sink tell `receiver`, and nobody else from now on, of all that it plays.
    ///
    /// - Parameter receiver: called in the order of the frames, from any thread; it does not block. Where a recording must
    ///   hold the audio, it is told at least twice a second: what is told more than a second late is late audio (REC-3).
    /// - Returns: how many frames the sink has been given so far, which is where offsets in reports stand; nil from a sink
    ///   that does not know what it plays when, which is what one does that does not implement this.
    func reportPlayback(to receiver: @escaping @Sendable (PlaybackReport) -> Void) -> Int64?
}

extension AudioSink {
    public func reportPlayback(to receiver: @escaping @Sendable (PlaybackReport) -> Void) -> Int64? { nil }
}

/// Where a sink's audio really went: frames that were heard, without a break, from a moment on. In the past tense: it
/// says nothing of the future and is never revised.
public struct PlaybackReport: Hashable, Sendable {
    /// When the first of the frames was played, on `CLOCK_MONOTONIC`.
    public var startedAt: HostTime
    /// The first of the frames, counted over all that the sink was ever given. Those before it that were in no report were
    /// never played.
    public var offset: Int64
    public var frameCount: Int64

    public init(startedAt: HostTime, offset: Int64, frameCount: Int64) {
        self.startedAt = startedAt
        self.offset = offset
        self.frameCount = frameCount
    }
}
