internal import FoundationEssentials
internal import GRDB
public import Logging
internal import RecorderIO

/// What must survive the process: one SQLite database in the state folder, which several processes may share.
///
/// Each change is on the disk when its call returns. The folders of the recordings are the truth about these: a database
/// that is damaged is moved aside, and what it knew is found again from the folders, as far as they tell it.
public final class StateDatabase: Sendable {
    private let path: String
    private let queue: DatabaseQueue
    let ownersPath: String
    let targetsPath: String
    /// Names this process in the journal.
    let ownerID = UUID().uuidString.lowercased()
    private let owner: LockFile

    /// Opens the database of a state folder, or makes it.
    public init(statePath: String, logger: Logger) throws(StoreError) {
        path = statePath + "/tapeline.sqlite"
        ownersPath = statePath + "/owners"
        targetsPath = statePath + "/targets"
        do throws(RecorderError) {
            try Folder.make(ownersPath)
            owner = try LockFile(making: "\(ownersPath)/\(ownerID)")
        } catch {
            throw StoreError(path: path, reason: error.description)
        }
        do {
            queue = try Self.opened(path, logger)
        } catch {
            owner.remove()
            throw StoreError(path: path, reason: "\(error)")
        }
    }

    deinit {
        // A process that leaves something open leaves its name, too.
        do throws(StoreError) {
            if try isFree(of: ownerID) { owner.remove() }
        } catch {
            // The next process that looks at the file finds it unlocked.
        }
    }

    private static func opened(_ path: String, _ logger: Logger) throws -> DatabaseQueue {
        do {
            return try migrated(path)
        } catch let error as DatabaseError where [.SQLITE_CORRUPT, .SQLITE_NOTADB].contains(error.resultCode) {
            let aside = "\(path).damaged-\(Int(Date().timeIntervalSince1970))"
            for suffix in ["", "-wal", "-shm"] where FileManager.default.fileExists(atPath: path + suffix) {
                try FileManager.default.moveItem(atPath: path + suffix, toPath: aside + suffix)
            }
            logger.error(
                "the database is damaged and begun anew, what it knew is looked for in the folders; the old one is \(aside)"
            )
            return try migrated(path)
        }
    }

    private static func migrated(_ path: String) throws -> DatabaseQueue {
        var configuration = Configuration()
        configuration.busyMode = .timeout(5)
        configuration.prepareDatabase { database in
            try database.execute(sql: "PRAGMA journal_mode = WAL")
            try database.execute(sql: "PRAGMA synchronous = FULL")
        }
        let queue = try DatabaseQueue(path: path, configuration: configuration)
        let complaint = try queue.read { try String.fetchOne($0, sql: "PRAGMA quick_check(1)") }
        guard complaint == "ok" else { throw DatabaseError(resultCode: .SQLITE_CORRUPT, message: complaint) }
        guard try !queue.read(schema.hasBeenSuperseded) else {
            throw DatabaseError(message: "a newer version of the program made it")
        }
        try schema.migrate(queue)
        return queue
    }

    /// Each version of the tables, in order; what is listed here never changes again.
    private static var schema: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("journal") { database in
            try database.execute(
                sql: """
                    CREATE TABLE open_recording (
                        recording_id TEXT PRIMARY KEY,
                        owner TEXT NOT NULL,
                        file_path TEXT,
                        started_at REAL NOT NULL,
                        facts TEXT NOT NULL
                    )
                    """
            )
        }
        migrator.registerMigration("outbox") { database in
            try database.execute(
                sql: """
                    CREATE TABLE recording (
                        recording_id TEXT PRIMARY KEY,
                        file_path TEXT NOT NULL,
                        started_at REAL NOT NULL,
                        duration_s REAL NOT NULL,
                        bytes INTEGER NOT NULL,
                        removed_at REAL
                    ) STRICT;
                    CREATE TABLE delivery (
                        recording_id TEXT NOT NULL REFERENCES recording ON DELETE CASCADE,
                        ordinal INTEGER NOT NULL,
                        exporter TEXT NOT NULL,
                        destination TEXT,
                        state TEXT NOT NULL,
                        attempts INTEGER NOT NULL,
                        next_attempt_at REAL NOT NULL,
                        error TEXT,
                        receipt TEXT,
                        PRIMARY KEY (recording_id, ordinal)
                    ) STRICT;
                    CREATE INDEX delivery_target ON delivery (COALESCE(destination, exporter)) WHERE state = 'pending'
                    """
            )
        }
        migrator.registerMigration("spans", migrate: makeSpanTable)
        migrator.registerMigration("segments") { database in
            try database.execute(
                sql: """
                    CREATE TABLE segment (
                        recording_id TEXT PRIMARY KEY REFERENCES recording ON DELETE CASCADE,
                        segment_of TEXT NOT NULL
                    ) STRICT
                    """
            )
        }
        return migrator
    }

    func write<Value>(_ change: (Database) throws -> Value) throws(StoreError) -> Value {
        do {
            do {
                return try queue.write(change)
            } catch let error as DatabaseError where error.resultCode == .SQLITE_IOERR {
                // Nothing of it was done, so it may be tried again; what recordings can do without must not fail for one error.
                return try queue.write(change)
            }
        } catch {
            throw StoreError(path: path, reason: "\(error)")
        }
    }

    func read<Value>(_ value: (Database) throws -> Value) throws(StoreError) -> Value {
        do { return try queue.read(value) } catch { throw StoreError(path: path, reason: "\(error)") }
    }
}
