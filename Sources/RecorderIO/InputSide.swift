internal import Audio
internal import Capture
internal import FrameRing
internal import Synchronization

/// The input side of a recording: whichever source was attached last.
final class InputSide: Sendable {
    private let feed: any TrackFeed
    private let now: @Sendable () -> HostTime
    /// The number of the source that is recorded; nil when recording is over.
    private let attached = Mutex<Int?>(0)

    init(_ feed: any TrackFeed, now: @escaping @Sendable () -> HostTime = HostTime.now) {
        self.feed = feed
        self.now = now
    }

    /// Attaches a source in the place of the one before, which goes on passing its frames through, unrecorded.
    func record<Source: AsyncSequence>(
        _ source: Source,
        clock: FrameClock
    ) -> RecordedInput<Source> where Source.Element == TimedFrames {
        let number = attached.withLock { attached in
            attached = attached.map { $0 + 1 }
            if attached != nil { feed.pause(at: now()) }
            return attached
        }
        return RecordedInput(source, InputAttachment(side: self, number: number, clock: clock))
    }

    /// Records nothing more.
    func detach() { attached.withLock { $0 = nil } }

    // The lock is held while the feed copies: when a source has been replaced, nothing of it comes any more.

    func record(_ element: TimedFrames, _ clock: FrameClock, of number: Int?) {
        attached.withLock { attached in
            guard let attached, attached == number else { return }
            let frames = element.frames
            frames.withBytes(ofFrames: 0..<frames.frameCount) { bytes in
                feed.put(bytes, frames.format, at: element.hostTime, clock: clock)
            }
        }
    }

    func rest(_ number: Int?) {
        attached.withLock { attached in
            guard let attached, attached == number else { return }
            feed.pause(at: now())
        }
    }
}

/// One source's claim to be the recording's input.
struct InputAttachment: Sendable {
    let side: InputSide
    let number: Int?
    let clock: FrameClock

    func record(_ element: TimedFrames) { side.record(element, clock, of: number) }

    /// The source has ended, or failed.
    func rest() { side.rest(number) }
}
