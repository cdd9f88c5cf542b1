internal import RecorderIO

/// The right to change reports of ended recordings, for as long as this lives: of all threads and processes with the same
/// state folder one at a time has it.
public final class ReportLock: Sendable {
    private let lock: LockFile

    /// Waits until nobody else has it.
    public init(in database: StateDatabase) throws(StoreError) {
        let path = database.targetsPath
        do throws(RecorderError) {
            try Folder.make(path)
            lock = try LockFile(making: "\(path)/reports")
        } catch {
            throw StoreError(path: path, reason: error.description)
        }
    }
}
