internal import FoundationEssentials

/// The outbox: every finished recording and, for each exporter, its delivery (DUR-1).
extension StateDatabase {
    /// Writes a recording down with its deliveries; what is known of these already stays.
    public func keep(_ recording: StoredRecording, _ deliveries: [Delivery]) throws(StoreError) {
        try write { database in
            try database.execute(
                """
                INSERT INTO recording (recording_id, file_path, started_at, duration_s, bytes) VALUES (?, ?, ?, ?, ?)
                ON CONFLICT (recording_id) DO UPDATE SET
                    file_path = excluded.file_path, duration_s = excluded.duration_s, bytes = excluded.bytes
                """,
                [
                    recording.recordingID, recording.filePath, recording.startedAt, recording.durationSeconds,
                    recording.byteCount,
                ]
            )
            if let segmentOf = recording.segmentOf {
                let sql = "INSERT OR IGNORE INTO segment (recording_id, segment_of) VALUES (?, ?)"
                try database.execute(sql, [recording.recordingID, segmentOf])
            }
            for delivery in deliveries { try Self.put(delivery, orElse: "DO NOTHING", in: database) }
        }
    }

    /// Writes down how deliveries went.
    public func update(_ deliveries: [Delivery]) throws(StoreError) {
        let change = """
            DO UPDATE SET exporter = excluded.exporter, destination = excluded.destination, state = excluded.state,
                attempts = excluded.attempts, next_attempt_at = excluded.next_attempt_at, error = excluded.error,
                receipt = excluded.receipt
            """
        try write { database in
            for delivery in deliveries { try Self.put(delivery, orElse: change, in: database) }
        }
    }

    /// Of one recording, in the order of its chain.
    public func deliveries(of recordingID: String) throws(StoreError) -> [Delivery] {
        try read { database in
            let sql = "SELECT * FROM delivery WHERE recording_id = ? ORDER BY ordinal"
            return try database.rows(sql, [recordingID]).compactMap(Delivery.init)
        }
    }

    /// All recordings, oldest first, each with its deliveries; without rows that cannot be read.
    public func storedRecordings() throws(StoreError) -> [(recording: StoredRecording, deliveries: [Delivery])] {
        try read { database in
            let rows = try database.rows("SELECT * FROM delivery ORDER BY recording_id, ordinal")
            let deliveries = Dictionary(grouping: rows.compactMap(Delivery.init), by: \.recordingID)
            let sql = "SELECT * FROM recording LEFT JOIN segment USING (recording_id) ORDER BY started_at, recording_id"
            return try database.rows(sql).compactMap(StoredRecording.init).map {
                ($0, deliveries[$0.recordingID] ?? [])
            }
        }
    }

    /// The places that something is still to be delivered to, each with the earliest wall time of an attempt.
    ///
    /// Recordings whose session has not ended are left out: it delivers itself.
    public func openTargets() throws(StoreError) -> [(target: String, nextAttemptAt: Double)] {
        try read { database in
            let sql = """
                SELECT COALESCE(destination, exporter) AS target, MIN(next_attempt_at) AS next_attempt_at
                FROM delivery WHERE state = 'pending' AND \(Self.isEnded) GROUP BY 1 ORDER BY 1
                """
            return try database.rows(sql).compactMap { row in
                guard let target: String = row.readable("target"), let time: Double = row.readable("next_attempt_at")
                else { return nil }
                return (target, time)
            }
        }
    }

    /// The oldest delivery to a place whose time has come; nil where there is none.
    ///
    /// - Parameters:
    ///   - now: wall time, in seconds since 1970.
    ///   - farthest: what is to wait for longer than that was written before the clock was set back.
    public func nextDelivery(
        to target: String,
        now: Double,
        farthest: Double
    ) throws(StoreError) -> (recording: StoredRecording, delivery: Delivery)? {
        try read { database in
            let sql = """
                SELECT delivery.* FROM delivery JOIN recording USING (recording_id)
                WHERE state = 'pending' AND COALESCE(destination, exporter) = ? AND \(Self.isEnded)
                    AND (next_attempt_at <= ? OR next_attempt_at > ?)
                ORDER BY started_at, recording_id, ordinal
                """
            // What cannot be read must not keep the rest waiting.
            return try database.first(sql, [target, now, now + farthest]) { row in
                let one = "SELECT * FROM recording WHERE recording_id = ?"
                guard let delivery = Delivery(row),
                    let recording = try database.rows(one, [row["recording_id"]]).first.flatMap(StoredRecording.init)
                else { return nil }
                return (recording, delivery)
            }
        }
    }

    /// Makes all that waits for a place due at once: it answers again.
    public func hurry(_ target: String) throws(StoreError) {
        try write { database in
            let sql = """
                UPDATE delivery SET next_attempt_at = 0 WHERE state = 'pending' AND COALESCE(destination, exporter) = ?
                """
            try database.execute(sql, [target])
        }
    }

    /// Notes that a recording's file is deleted; what became of its deliveries stays known.
    func markRemoved(_ recordingID: String, at now: Double) throws(StoreError) {
        try write { database in
            try database.execute("UPDATE recording SET removed_at = ? WHERE recording_id = ?", [now, recordingID])
        }
    }

    /// The ids of all recordings that are known, finished or not.
    public func recordingIDs() throws(StoreError) -> Set<String> {
        try read { database in
            let sql = "SELECT recording_id FROM recording UNION SELECT recording_id FROM open_recording"
            return Set(try database.column(sql))
        }
    }

    private static let isEnded = "delivery.recording_id NOT IN (SELECT recording_id FROM open_recording)"

    private static func put(
        _ delivery: Delivery,
        orElse change: String,
        in database: borrowing SQLiteConnection
    ) throws {
        let receipt = try delivery.receipt.map { String(decoding: try JSONEncoder().encode($0), as: UTF8.self) }
        try database.execute(
            """
            INSERT INTO delivery
                (recording_id, ordinal, exporter, destination, state, attempts, next_attempt_at, error, receipt)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (recording_id, ordinal) \(change)
            """,
            [
                delivery.recordingID, delivery.ordinal, delivery.exporter, delivery.destination,
                delivery.state.rawValue, delivery.attemptCount, delivery.nextAttemptAt, delivery.error, receipt,
            ]
        )
    }
}

extension StoredRecording {
    /// Nil for a row that cannot be read.
    fileprivate init?(_ row: SQLiteRow) {
        guard let recordingID: String = row.readable("recording_id"), let filePath: String = row.readable("file_path"),
            let startedAt: Double = row.readable("started_at"), let seconds: Double = row.readable("duration_s"),
            let byteCount: Int64 = row.readable("bytes"), 0...(1 << 48) ~= byteCount
        else { return nil }
        self.init(
            recordingID: recordingID,
            filePath: filePath,
            startedAt: startedAt,
            durationSeconds: seconds,
            byteCount: byteCount
        )
        removedAt = row.readable("removed_at")
        // Only where the query asks for it.
        segmentOf = row.readable("segment_of")
    }
}

extension Delivery {
    /// Nil for a row that cannot be read.
    fileprivate init?(_ row: SQLiteRow) {
        guard let recordingID: String = row.readable("recording_id"), let ordinal: Int = row.readable("ordinal"),
            let exporter: String = row.readable("exporter")
        else { return nil }
        let destination: String? = row.readable("destination")
        self.init(recordingID: recordingID, ordinal: ordinal, exporter: exporter, destination: destination)
        // What cannot be read is as good as not there: then it is delivered again, which is safe.
        state = row.readable("state").flatMap(State.init) ?? .pending
        attemptCount = min(max(row.readable("attempts") ?? 0, 0), Int(Int32.max))
        nextAttemptAt = row.readable("next_attempt_at") ?? 0
        error = row.readable("error")
        let text: String? = row.readable("receipt")
        do {
            receipt = try text.map { try JSONDecoder().decode(DeliveryReceipt.self, from: Data($0.utf8)) }
        } catch {
            receipt = nil
        }
    }
}
