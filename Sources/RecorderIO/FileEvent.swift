/// What happens to the files of a recording without anybody's asking: its seams, and a disk that is full, or fails.
public enum FileEvent: Sendable {
    /// The file could not be written any more, and is being finalized with what it has. Capture goes on, and the ring keeps
    /// what it can.
    case ended(PendingRecording)
    /// There is room for another file: `RecorderIO.goOn` begins it.
    case room
    /// A segment has ended at a seam, and is being finalized; the next one has begun (REC-10).
    case seam(PendingRecording)
    /// The next segment could not be begun, and the present one goes on to the next seam.
    case refused(SegmentFile, RecorderError)
}
