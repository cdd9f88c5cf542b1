/// Small files that are either whole or not there, also after a power cut.
public enum DurableFile {
    /// Writes a file under a temporary name, syncs it, gives it its name, and syncs the folder (REC-7).
    ///
    /// - Throws: `exists` if there is a file of that name and `replacing` is false.
    public static func write(_ text: String, to path: String, replacing: Bool) throws(RecorderError) {
        let file = try PartFile(finalPath: path, replacing: replacing)
        do throws(RecorderError) {
            try file.write(Array(text.utf8), at: 0)
            try file.finalize(replacing: replacing)
        } catch {
            file.discard()
            throw error
        }
    }
}
