/// Small files that are either whole or not there, also after a power cut.
public enum DurableFile {
    /// Writes a file under a temporary name, syncs it, gives it its name, and syncs the folder (REC-7).
    ///
    /// What a process that died meanwhile left under the temporary name is written anew.
    ///
    /// - Throws: `exists` if there is a file of that name and `replacing` is false; `inUse` while another process writes it.
    public static func write(_ text: String, to path: String, replacing: Bool) throws(RecorderError) {
        let file = try make(path, replacing: replacing)
        do throws(RecorderError) {
            try file.write(Array(text.utf8), at: 0)
            try file.finalize(replacing: replacing)
        } catch {
            file.discard()
            throw error
        }
    }

    private static func make(_ path: String, replacing: Bool) throws(RecorderError) -> PartFile {
        do throws(RecorderError) {
            return try PartFile(finalPath: path, replacing: replacing)
        } catch .unfinishedExists(let partPath) {
            try PartFile(leftBehindAt: partPath).discard()
            return try PartFile(finalPath: path, replacing: replacing)
        }
    }
}
