/// How far a stream of blocks or pages is whole, and what of it is kept.
///
/// Damage is the end, unless nothing came before it, or more than ten seconds of whole audio follow: then it is kept, and
/// counted.
struct WholePart {
    /// Behind the last byte that is kept.
    private(set) var end: Int64
    /// Frames of the timeline up to there.
    private(set) var frameCount: Int64 = 0
    private(set) var damagedByteCount: Int64 = 0
    /// Behind the last whole unit, and frames up to there: further on than the above while it is open whether the damage
    /// before it is the end.
    private(set) var lastEnd: Int64
    private(set) var lastFrameCount: Int64 = 0
    private var openByteCount: Int64 = 0
    private var openFrameCount: Int64 = 0
    /// Frames that must follow damage.
    private let patience: Int64

    init(start: Int64, sampleRate: Int) {
        end = start
        lastEnd = start
        patience = Int64(RecordingRepair.unsyncedSeconds) * Int64(sampleRate)
    }

    /// Adds a whole block or page. What lies between the last one and this one is damage.
    ///
    /// - Parameter frames: its place on the timeline.
    mutating func append(_ bytes: Range<Int64>, frames: Range<Int64>) {
        openByteCount += bytes.lowerBound - lastEnd
        lastEnd = bytes.upperBound
        lastFrameCount = frames.upperBound
        if openByteCount > 0 {
            openFrameCount += frames.upperBound - frames.lowerBound
            guard frameCount == 0 || openFrameCount > patience else { return }
        }
        damagedByteCount += openByteCount
        (openByteCount, openFrameCount) = (0, 0)
        (end, frameCount) = (lastEnd, lastFrameCount)
    }
}
