public import Audio

/// What `RecordingRepair` made of a file that a process left behind: valid, synced, and still under its `.part` name.
public struct RepairedFile: Hashable, Sendable {
    /// As the file's own header has it. S24_LE is stored packed, and Ogg keeps no sample format: `float` stands there.
    public var format: AudioFormat
    /// Length in frames of `format`, exact.
    public var frameCount: Int64
    /// Size as it was found.
    public var byteCountBefore: Int64
    /// Size now.
    public var byteCount: Int64
    /// Bytes at the end that were no whole frame, block or page, or came after damage. What was in them is lost.
    public var cutByteCount: Int64
    /// Bytes inside that are no whole block or page, and were left where they are because more than ten seconds of whole
    /// audio follow: no power cut does that, a failing disk does. Readers skip them.
    public var damagedByteCount: Int64 = 0
    /// Frames at the end of WAV, RF64 and W64, looked for up to ten seconds, that are all zeros: silence, or what the file
    /// system allocated and never wrote. Nobody can tell, so they are kept.
    public var zeroFrameCount: Int64 = 0
    /// True if a FLAC file does not say the MD5 of its samples, which nobody knows any more. Readers play it all the same.
    public var isDigestUnknown = false
}
