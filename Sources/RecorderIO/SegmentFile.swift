/// The next file of a recording in segments.
public struct SegmentFile: Hashable, Sendable {
    /// Absolute path of the finished file.
    public var path: String
    /// A lower-case UUID.
    public var recordingID: String

    public init(path: String, recordingID: String) {
        self.path = path
        self.recordingID = recordingID
    }
}

/// Where the files of a recording in segments go.
public struct RecorderSegments: Sendable {
    /// Where it is cut; nil for nowhere but by `trigger`.
    public var segmentation: Segmentation?
    /// Records events only, each in segments of its own: what is between them is in none. nil records all.
    public var trigger: LevelTriggerOptions?
    /// Names the file that begins at a frame of the recording, whose wall time it is given, in seconds since 1970.
    ///
    /// Called at the seam, on the recorder's thread, which waits for it while the ring holds what comes: it may write a few
    /// bytes to the disk, no more.
    public var next: @Sendable (_ firstFrame: Int64, _ startedAt: Double) -> SegmentFile

    public init(
        _ segmentation: Segmentation?,
        trigger: LevelTriggerOptions? = nil,
        next: @escaping @Sendable (Int64, Double) -> SegmentFile
    ) {
        self.segmentation = segmentation
        self.trigger = trigger
        self.next = next
    }
}
