/// What the death of its process cost a recording.
public struct RecordingLoss: Codable, Hashable, Sendable {
    /// Bytes at the file's end that were no whole frame, block or page.
    public var cutBytes: Int64 = 0
    /// Bytes within the file that a failing disk spoiled.
    public var damagedBytes: Int64 = 0
    /// Frames that were captured and are not in the file: at most so many.
    public var lostFramesAtMost: Int64 = 0

    enum CodingKeys: String, CodingKey {
        case cutBytes = "cut_bytes"
        case damagedBytes = "damaged_bytes"
        case lostFramesAtMost = "lost_frames_at_most"
    }

    /// Nothing.
    public init() {}

    public init(cutBytes: Int64, damagedBytes: Int64, lostFramesAtMost: Int64) {
        self.cutBytes = cutBytes
        self.damagedBytes = damagedBytes
        self.lostFramesAtMost = lostFramesAtMost
    }

    /// That of two parts of one recording.
    public static func + (left: RecordingLoss, right: RecordingLoss) -> RecordingLoss {
        RecordingLoss(
            cutBytes: left.cutBytes + right.cutBytes,
            damagedBytes: left.damagedBytes + right.damagedBytes,
            lostFramesAtMost: left.lostFramesAtMost + right.lostFramesAtMost
        )
    }
}
