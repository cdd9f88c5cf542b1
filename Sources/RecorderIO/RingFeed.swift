internal import Audio
internal import FrameRing
internal import Synchronization

/// The feed of a track from an application's threads, through a ring, to the recorder thread.
///
/// Each piece of frames lies in the ring whole, behind its header, so that it has its own time and its own format. What
/// does not fit, because the disk stalls for longer than the ring lasts, is dropped and counted: the application never
/// waits (RING-2).
struct FeedRing: ~Copyable {
    let feed: RingFeed
    var track: FeedTrack

    /// - Parameter byteCapacity: of frames and headers; a piece takes 64 bytes more than its frames.
    /// - Parameter wakeup: of the recorder thread; nil for one of its own.
    init(byteCapacity: Int, wakeup: Wakeup? = nil) throws(FrameRingError) {
        let capacity = max(byteCapacity, 2 * RingFeed.reservedWordCount * RingFeed.bytesPerWord)
        let ring = try FrameRing(
            frameCapacity: (capacity + RingFeed.bytesPerWord - 1) / RingFeed.bytesPerWord,
            bytesPerFrame: RingFeed.bytesPerWord,
            wakeup: wakeup
        )
        feed = RingFeed(ring.producer)
        track = FeedTrack(ring.consumer)
    }
}

/// The end of a `FeedRing` that applications feed, from any thread.
final class RingFeed: TrackFeed {
    private struct State: ~Copyable {
        var words: FrameProducer
        var isClosed = false
        var isPaused = false
        /// Dropped, and not told of in a piece.
        var untoldFrameCount: Int64 = 0
    }

    /// Pieces start at multiples of this, so that samples of any format are aligned.
    static let bytesPerWord = 8
    static let headerWordCount = FeedPiece.byteCount / bytesPerWord
    /// Kept free by frames, for a pause.
    static let reservedWordCount = headerWordCount

    private let state: Mutex<State>
    private let dropped = Atomic<Int64>(0)

    init(_ words: consuming FrameProducer) {
        state = Mutex(State(words: words))
    }

    /// Frames that did not fit.
    var droppedFrameCount: Int64 { dropped.load(ordering: .relaxed) }

    func put(_ bytes: RawSpan, _ format: AudioFormat, at hostTime: HostTime, clock: FrameClock) {
        let frameCount = bytes.byteCount / format.bytesPerFrame
        guard frameCount > 0 else { return }
        state.withLock { state in
            guard !state.isClosed else { return }
            let room = state.words.freeFrameCount() - Self.headerWordCount - Self.reservedWordCount
            let fitting = min(frameCount, max(0, room) * Self.bytesPerWord / format.bytesPerFrame)
            let piece = FeedPiece(
                kind: .frames,
                hostTime: hostTime,
                clock: clock,
                format: format,
                frameCount: Int64(fitting),
                droppedFrameCount: state.untoldFrameCount
            )
            if fitting > 0 {
                let frames = bytes.extracting(0..<fitting * format.bytesPerFrame)
                let wordCount = Self.headerWordCount + Self.wordCount(frames.byteCount)
                let written = state.words.write(atMost: wordCount) { words in
                    piece.store(into: &words)
                    words.copy(frames, toByteOffset: FeedPiece.byteCount)
                    return wordCount
                }
                precondition(written == wordCount, "the ring had less room than it said")
                state.untoldFrameCount = 0
                state.isPaused = false
            }
            let rest = Int64(frameCount - fitting)
            state.untoldFrameCount += rest
            dropped.add(rest, ordering: .relaxed)
        }
    }

    func pause(at hostTime: HostTime) { put(.pause, at: hostTime) }

    func resume(at hostTime: HostTime) { put(.resume, at: hostTime) }

    /// Where there is no room for it, it is left out: frames are lost then anyway, and a track that is silent without a word
    /// delays the file by a second at most (REC-3).
    private func put(_ kind: FeedPiece.Kind, at hostTime: HostTime) {
        state.withLock { state in
            let isPause = kind == .pause
            // One after another says nothing new.
            guard !state.isClosed, state.isPaused != isPause else { return }
            guard state.words.freeFrameCount() >= Self.headerWordCount else { return }
            let format = AudioFormat(sampleFormat: .s16, sampleRate: 1, channelCount: 1)
            let piece = FeedPiece(kind: kind, hostTime: hostTime, format: format)
            _ = state.words.write(atMost: Self.headerWordCount) { words in
                piece.store(into: &words)
                return Self.headerWordCount
            }
            state.isPaused = isPause
        }
    }

    /// Takes no more from now on: what was put in before is the track's last.
    func close() { state.withLock { $0.isClosed = true } }

    static func wordCount(_ byteCount: Int) -> Int { (byteCount + bytesPerWord - 1) / bytesPerWord }
}
