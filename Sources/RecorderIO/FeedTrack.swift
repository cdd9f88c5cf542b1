internal import Audio
internal import FrameRing

/// The end of a `FeedRing` that the recorder thread has: pieces of frames in the order in which they were put in.
///
/// It allocates nothing (PERF-5).
struct FeedTrack: ~Copyable, Sendable {
    private var words: FrameConsumer
    /// The piece at the ring's start, once it has been looked at.
    private var piece: FeedPiece?
    /// Of its frames, those that have been taken.
    private var takenFrameCount: Int64 = 0

    init(_ words: consuming FrameConsumer) {
        self.words = words
    }

    /// Sleeps until there are frames enough, or somebody wakes it (RING-4).
    mutating func waitForFrames(timeout: Duration) { words.waitForFrames(timeout: timeout) }

    /// The same in two steps, for who waits for several tracks.
    mutating func prepareToSleep() -> Bool { words.prepareToSleep() }

    mutating func awake() { words.awake() }

    /// How full the ring is, 0 to 1.
    var fill: Double {
        mutating get { Double(words.availableFrameCount()) / Double(words.frameCapacity) }
    }

    var isMemoryLocked: Bool { words.isMemoryLocked }

    /// Lends what comes next to `body`, and takes as many frames from its start as `body` returns; a pause or its end is
    /// taken once it has been seen.
    ///
    /// - Parameter body: gets the piece, or what is left of it with its own time, and its frames in the ring's memory.
    /// - Returns: false where nothing waits, or `body` took nothing.
    mutating func takeNext<Failure: Error>(
        _ body: (FeedPiece, RawSpan) throws(Failure) -> Int
    ) throws(Failure) -> Bool {
        guard let whole = nextPiece() else { return false }
        var rest = whole
        if takenFrameCount > 0 {
            rest.hostTime = whole.hostTime.advanced(byFrames: takenFrameCount, at: whole.format.sampleRate)
            rest.frameCount -= takenFrameCount
            rest.droppedFrameCount = 0
        }
        let bytesPerFrame = whole.format.bytesPerFrame
        let end = FeedPiece.byteCount + Int(whole.frameCount) * bytesPerFrame
        let start = FeedPiece.byteCount + Int(takenFrameCount) * bytesPerFrame
        let wordCount = RingFeed.wordCount(end)
        var taken = 0
        let freed = try words.read(atMost: wordCount) { (bytes) throws(Failure) in
            taken = try body(rest, bytes.extracting(start..<end))
            precondition(taken >= 0 && taken <= Int(rest.frameCount), "more was taken than there is")
            return whole.kind != .frames || taken == Int(rest.frameCount) ? wordCount : 0
        }
        if freed > 0 {
            piece = nil
            takenFrameCount = 0
        } else {
            takenFrameCount += Int64(taken)
        }
        return freed > 0 || taken > 0
    }

    private mutating func nextPiece() -> FeedPiece? {
        if piece == nil {
            _ = words.read(atMost: RingFeed.headerWordCount) { bytes in
                piece = FeedPiece(bytes)
                return 0
            }
        }
        return piece
    }
}
