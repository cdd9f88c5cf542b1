internal import FoundationEssentials
internal import RecorderIO

/// The journal of open recordings.
extension StateDatabase {
    /// Writes a recording down, or what has become known of it.
    public func keep(_ recording: OpenRecording) throws(StoreError) {
        try write { try Self.keep(recording, of: ownerID, in: $0) }
    }

    /// Strikes a recording out, once nothing of its end is missing.
    public func strike(_ recordingID: String) throws(StoreError) {
        try write { try $0.execute("DELETE FROM open_recording WHERE recording_id = ?", [recordingID]) }
    }

    /// The recordings of a process, oldest first; what cannot be read is struck out, for its folder is still there.
    func recordings(of owner: String) throws(StoreError) -> [OpenRecording] {
        try write { database in
            let sql = "SELECT recording_id, facts FROM open_recording WHERE owner = ? ORDER BY started_at"
            return try database.rows(sql, [owner]).compactMap { row in
                do {
                    let facts: String = row.readable("facts") ?? ""
                    return try JSONDecoder().decode(OpenRecording.self, from: Data(facts.utf8))
                } catch is DecodingError {
                    try database.execute("DELETE FROM open_recording WHERE recording_id IS ?", [row["recording_id"]])
                    return nil
                }
            }
        }
    }

    /// All recordings that have not ended, oldest first, and whether their process lives.
    public func openRecordings() throws(StoreError) -> [(recording: OpenRecording, isAlive: Bool)] {
        var open: [(recording: OpenRecording, isAlive: Bool)] = []
        for owner in try owners() {
            let isAlive: Bool
            do throws(RecorderError) {
                let lock = try LockFile(unlocked: "\(ownersPath)/\(owner)")
                isAlive = lock == nil
            } catch {
                throw StoreError(path: ownersPath, reason: error.description)
            }
            open += try recordings(of: owner).map { ($0, isAlive) }
        }
        return open.sorted { $0.recording.startedAt < $1.recording.startedAt }
    }

    /// All that have something open. What has no readable owner is struck out, for files are named after them.
    func owners() throws(StoreError) -> [String] {
        try write { database in
            let values: [SQLiteValue] = try database.column("SELECT DISTINCT owner FROM open_recording")
            return try values.compactMap { value in
                if let owner = String(value), isOwner(owner) { return owner }
                try database.execute("DELETE FROM open_recording WHERE owner IS ?", [value])
                return nil
            }
        }
    }

    /// Lower-case letters, digits and hyphens, at most 64.
    private func isOwner(_ name: String) -> Bool {
        1...64 ~= name.utf8.count
            && name.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"):
                    true
                default: false
                }
            }
    }

    func isFree(of owner: String) throws(StoreError) -> Bool {
        try read { database in
            try database.value("SELECT NOT EXISTS (SELECT 1 FROM open_recording WHERE owner = ?)", [owner]) ?? true
        }
    }

    /// Writes a recording down that no process has; false if one has it.
    func adopt(_ recording: OpenRecording) throws(StoreError) -> Bool {
        try write { database in
            let isKnown: Bool? = try database.value(
                "SELECT EXISTS (SELECT 1 FROM open_recording WHERE file_path = ? OR recording_id = ?)",
                [recording.filePath, recording.recordingID]
            )
            guard isKnown == false else { return false }
            try Self.keep(recording, of: ownerID, in: database)
            return true
        }
    }

    private static func keep(
        _ recording: OpenRecording,
        of owner: String,
        in database: borrowing SQLiteConnection
    ) throws {
        let facts = String(decoding: try JSONEncoder().encode(recording), as: UTF8.self)
        // One that is recovered stays with the process that it was of, whose lock is held then.
        try database.execute(
            """
            INSERT INTO open_recording (recording_id, owner, file_path, started_at, facts) VALUES (?, ?, ?, ?, ?)
            ON CONFLICT (recording_id) DO UPDATE SET facts = excluded.facts
            """,
            [recording.recordingID, owner, recording.filePath, recording.startedAt, facts]
        )
    }
}
