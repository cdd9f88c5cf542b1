internal import Audio
internal import Capture
internal import Logging
internal import Synchronization

/// The output side of a recording: whichever sink was attached last.
final class OutputSide: Sendable {
    private let feed: any TrackFeed
    private let logger: Logger
    private let now: @Sendable () -> HostTime
    private let byteLimit: Int
    private let attached = Mutex<PlaybackRecord?>(nil)

    init(
        _ feed: any TrackFeed,
        logger: Logger,
        byteLimit: Int = 64 << 20,
        now: @escaping @Sendable () -> HostTime = HostTime.now
    ) {
        self.feed = feed
        self.logger = logger
        self.byteLimit = byteLimit
        self.now = now
    }

    /// Attaches a sink in the place of the one before, which goes on playing, unrecorded.
    func record(_ sink: some AudioSink) -> RecordedOutput {
        let record = PlaybackRecord(feed, logger: logger, now: now)
        let givenFrameCount = sink.reportPlayback { [record] in record.report($0) }
        attached.withLock { attached in
            attached?.detach()
            feed.pause(at: now())
            record.attach(givenFrameCount: givenFrameCount, byteLimit: byteLimit)
            attached = record
        }
        return RecordedOutput(sink, record)
    }

    /// Records what a sink that reports nothing has played by `now`. The recorder calls it each time that it writes.
    func advance(to now: HostTime) { attached.withLock { $0 }?.advance(to: now) }

    /// Records nothing more.
    func detach() {
        attached.withLock { attached in
            attached?.detach()
            attached = nil
        }
    }
}
