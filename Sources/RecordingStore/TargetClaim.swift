internal import RecorderIO

/// The right to deliver to one place, for as long as this lives: of all processes with the same state folder one at a time
/// has it, and one that dies loses it.
public final class TargetClaim: Sendable {
    private let lock: LockFile

    /// - Returns: nil where another process has it.
    public init?(_ target: String, in database: StateDatabase) throws(StoreError) {
        let path = database.targetsPath
        do throws(RecorderError) {
            try Folder.make(path)
            let name = try SHA256.of(Array(target.utf8)).prefix(32)
            guard let lock = try LockFile(unlocked: "\(path)/\(name)") else { return nil }
            self.lock = lock
        } catch {
            throw StoreError(path: path, reason: error.description)
        }
    }
}
