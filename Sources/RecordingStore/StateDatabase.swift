internal import FoundationEssentials
public import Logging
internal import RecorderIO
internal import Synchronization

/// What must survive the process: one SQLite database in the state folder, which several processes may share.
///
/// Each change is on the disk when its call returns. The folders of the recordings are the truth about these: a database
/// that is damaged is moved aside, and what it knew is found again from the folders, as far as they tell it.
public final class StateDatabase: Sendable {
    private let path: String
    private let connection: Mutex<SQLiteConnection>
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
            connection = Mutex(try Self.opened(path, logger))
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

    private static func opened(_ path: String, _ logger: Logger) throws -> SQLiteConnection {
        do {
            return try upToDate(path)
        } catch let error as SQLiteError where error.kind == .damaged {
            let aside = "\(path).damaged-\(Int(Date().timeIntervalSince1970))"
            for suffix in ["", "-wal", "-shm"] where FileManager.default.fileExists(atPath: path + suffix) {
                try FileManager.default.moveItem(atPath: path + suffix, toPath: aside + suffix)
            }
            logger.error(
                "the database is damaged and begun anew, what it knew is looked for in the folders; the old one is \(aside)"
            )
            return try upToDate(path)
        }
    }

    private static func upToDate(_ path: String) throws -> SQLiteConnection {
        let connection = try SQLiteConnection(path: path)
        try connection.execute("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON")
        let complaint: String? = try connection.value("PRAGMA quick_check(1)")
        guard complaint == "ok" else {
            throw SQLiteError(kind: .damaged, description: complaint ?? "it cannot be checked")
        }
        try schema.bringUpToDate(connection)
        return connection
    }

    private static let schema = SchemaHistory(versions: [
        .init(
            name: "journal",
            sql: """
                CREATE TABLE open_recording (
                    recording_id TEXT PRIMARY KEY,
                    owner TEXT NOT NULL,
                    file_path TEXT,
                    started_at REAL NOT NULL,
                    facts TEXT NOT NULL
                )
                """
        ),
        .init(
            name: "outbox",
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
        ),
        .init(name: "spans", sql: spanTable),
        .init(
            name: "segments",
            sql: """
                CREATE TABLE segment (
                    recording_id TEXT PRIMARY KEY REFERENCES recording ON DELETE CASCADE,
                    segment_of TEXT NOT NULL
                ) STRICT
                """
        ),
    ])

    func write<Value: Sendable>(
        _ change: (borrowing SQLiteConnection) throws -> Value
    ) throws(StoreError) -> Value {
        do {
            return try connection.withLock { connection in
                do {
                    return try connection.transaction(isWriting: true, change)
                } catch let error as SQLiteError where error.kind == .inputOutput {
                    // Nothing of it was done, so it may be tried again; what recordings can do without must not fail for one
                    // error.
                    return try connection.transaction(isWriting: true, change)
                }
            }
        } catch {
            throw StoreError(path: path, reason: "\(error)")
        }
    }

    func read<Value: Sendable>(_ value: (borrowing SQLiteConnection) throws -> Value) throws(StoreError) -> Value {
        do {
            return try connection.withLock { try $0.transaction(isWriting: false, value) }
        } catch {
            throw StoreError(path: path, reason: "\(error)")
        }
    }
}
