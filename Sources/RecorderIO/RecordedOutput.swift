public import Audio

/// An application's sink as it was, of which all that is really played is recorded.
///
/// All calls go to the sink unchanged, and what it throws comes back; calls of `play` go one at a time, in their order. The
/// sink is not to be given frames otherwise.
///
/// What is given is kept, and shared with the sink, until it is reported as played: 64 MiB of it, which are 11 minutes of
/// 16-bit mono at 48 kHz; what is given beyond that is played and not recorded. A report that contradicts those before it,
/// what was given, or the clock, is refused, counted, and logged. A sink that reports nothing is taken to play each segment
/// from its first `play` on, at its nominal rate, pauses taken out: so it is recorded too early by the sink's delay, and by
/// the time that calls of `pause`, `resume` and `interrupt` take.
public final class RecordedOutput: AudioSink {
    private let sink: any AudioSink
    private let record: PlaybackRecord
    private let turns = Turns()

    init(_ sink: any AudioSink, _ record: PlaybackRecord) {
        self.sink = sink
        self.record = record
    }

    /// Reports of the sink that were refused.
    public var refusedReportCount: Int64 { record.refusedReportCount }

    /// Frames that were given, and not kept: more than 64 MiB waited.
    public var unkeptFrameCount: Int64 { record.unkeptFrameCount }

    public func play(_ frames: AudioFrames) async throws {
        try await turns.take()
        defer { turns.pass() }
        record.give(frames)
        try await sink.play(frames)
    }

    public func endSegment() async throws {
        let offset = record.givenFrameCount
        try await sink.endSegment()
        record.endSegment(before: offset)
    }

    public func interrupt() async throws {
        let offset = record.givenFrameCount
        record.interrupt()
        try await sink.interrupt()
        record.interrupted(before: offset)
    }

    public func pause() async throws {
        let wasPaused = record.pause()
        do {
            try await sink.pause()
        } catch {
            if !wasPaused { record.resume() }
            throw error
        }
        record.paused()
    }

    public func resume() async throws {
        try await sink.resume()
        record.resume()
    }

    public func reportPlayback(to receiver: @escaping @Sendable (PlaybackReport) -> Void) -> Int64? {
        record.setReceiver(receiver)
    }
}
