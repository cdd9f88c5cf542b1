public import RecorderIO

/// Makes a valid file of what a process left behind when it died: by crash, kill or power cut (REC-8, DUR-2).
public enum RecordingRepair {
    /// Audio that may have waited for the disk when it stopped: the ring's length. Damage with no more than this behind it
    /// is the end of the file.
    static let unsyncedSeconds = 10
    /// Heads of blocks or pages that turn out to be none, before the rest counts as noise. Noise of gigabytes has fewer by
    /// chance; bytes that are made to have more must not keep a start waiting.
    static let falseHeadLimit = 1000

    /// Repairs a file in place, and syncs it.
    ///
    /// The length is the file's real one, never what its header says. Whole frames (WAV, RF64, W64), blocks (FLAC) or pages
    /// (Ogg) are kept, what follows the last of them is cut, and the header or the last page says so. A valid file is left
    /// as it is. It may be done again, also after it was itself cut short at any point, and ends in the same file. Memory
    /// does not depend on the file's size.
    ///
    /// - Parameters:
    ///   - path: the `NAME.part`; it keeps that name.
    ///   - container: what it was recorded as.
    /// - Throws: `noAudio` and `unreadable` before anything is changed; `file` where the disk refuses, or the recording
    ///   is still running.
    public static func repair(partAt path: String, container: Container) throws(RepairError) -> RepairedFile {
        var bytes = try PartBytes(path: path, container: container)
        let plan = try plan(for: &bytes)
        try bytes.apply(plan.edits)
        return plan.file
    }

    /// What a repair would do. Changes nothing.
    static func plan(for bytes: inout PartBytes) throws(RepairError) -> RepairPlan {
        let plan =
            switch bytes.container {
            case .wav, .rf64, .w64: try PCMRepair.plan(for: &bytes)
            case .flac: try FLACRepair.plan(for: &bytes)
            case .oggVorbis, .oggOpus: try OggRepair.plan(for: &bytes)
            }
        guard plan.file.frameCount > 0 else { throw bytes.noAudio }
        return plan
    }
}
