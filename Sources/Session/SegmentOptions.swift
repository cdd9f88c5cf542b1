public import RecorderIO

/// A session's recording in segments: where it is cut, and what the files are called (REC-10).
public struct SegmentOptions: Hashable, Sendable {
    public let segmentation: Segmentation
    public let name: SegmentName

    /// - Throws: `SessionError.segments` for a length that no segment can have.
    public init(_ segmentation: Segmentation, name: SegmentName = SegmentName()) throws(SessionError) {
        let seconds = segmentation.seconds
        guard seconds >= Segmentation.leastSeconds, seconds < 1e9 else {
            throw .segments("a segment cannot last \(seconds) s: give at least \(Segmentation.leastSeconds) s")
        }
        guard !segmentation.isAtClock || seconds <= Segmentation.secondsPerDay else {
            throw .segments("segments that begin at times of the day last 24 h at most: give a shorter length")
        }
        self.segmentation = segmentation
        self.name = name
    }
}
