public import OTLP

/// Spans that no collector has accepted yet (DUR-3): at most 20,000 of them, in 64 MiB; beyond it the oldest go.
///
/// Their age is no bound: a box without a clock of its own starts in 1970, and all would be too old once it knows the time.
extension StateDatabase: SpanStore {
    /// How many spans are kept, at most.
    public static let largestSpanCount = 20_000
    /// How many bytes their requests have together, at most.
    public static let largestSpanByteCount = 64 << 20

    /// The numbers are never used twice, and so tell which are older, whatever the clock said.
    static let spanTable = """
        CREATE TABLE kept_spans (
            number INTEGER PRIMARY KEY AUTOINCREMENT,
            owner TEXT NOT NULL,
            span_count INTEGER NOT NULL CHECK (span_count BETWEEN 0 AND 1000000000),
            byte_count INTEGER NOT NULL CHECK (byte_count BETWEEN 0 AND 1000000000),
            span_ids TEXT NOT NULL,
            request BLOB NOT NULL
        ) STRICT;
        CREATE INDEX kept_spans_by_owner ON kept_spans (owner, number, span_count, byte_count)
        """

    public func keep(_ request: [UInt8], spanIDs: [String]) throws(StoreError) -> Int {
        try write { database in
            try database.execute(
                "INSERT INTO kept_spans (owner, span_count, byte_count, span_ids, request) VALUES (?, ?, ?, ?, ?)",
                [ownerID, spanIDs.count, request.count, spanIDs.joined(separator: " "), request]
            )
            return try Self.dropBeyondBound(database)
        }
    }

    /// Returns how many spans.
    private static func dropBeyondBound(_ database: borrowing SQLiteConnection) throws -> Int {
        let bounds = [largestSpanCount, largestSpanByteCount]
        let isWithin: Bool? = try database.value(
            "SELECT total(span_count) <= ? AND total(byte_count) <= ? FROM kept_spans",
            bounds
        )
        guard isWithin == false else { return 0 }
        let dropped: [Int] = try database.column(
            """
            DELETE FROM kept_spans WHERE number <= (
                SELECT max(number) FROM (
                    SELECT number,
                        sum(span_count) OVER newer AS span_count,
                        sum(byte_count) OVER newer AS byte_count
                    FROM kept_spans WINDOW newer AS (ORDER BY number DESC)
                ) WHERE span_count > ? OR byte_count > ?
            ) RETURNING span_count
            """,
            bounds
        )
        return dropped.reduce(0, +)
    }

    /// Those of a process whose recordings are not recovered stay until they are: till then it is not known which of their
    /// spans are missing.
    public func takeOverSpans() throws(StoreError) {
        guard try !read(ownersOfOtherSpans).isEmpty else { return }
        // In one transaction, so that of several processes one gets all, and sends it in order.
        try write { database in
            for owner in try ownersOfOtherSpans(database) {
                guard let lock = try LockFile(unlocked: "\(ownersPath)/\(owner)") else { continue }
                try database.execute("UPDATE kept_spans SET owner = ? WHERE owner = ?", [ownerID, owner])
                lock.remove()
            }
        }
    }

    private func ownersOfOtherSpans(_ database: borrowing SQLiteConnection) throws -> [String] {
        try database.column(
            """
            SELECT DISTINCT owner FROM kept_spans
            WHERE owner <> ? AND owner NOT IN (SELECT owner FROM open_recording)
            """,
            [ownerID]
        )
    }

    public func oldestSpans(spanCount: Int, byteCount: Int) throws(StoreError) -> [KeptSpans] {
        try read { database in
            var all: [KeptSpans] = []
            var left = (spanCount: spanCount, byteCount: byteCount)
            let sql = "SELECT number, span_count, request FROM kept_spans WHERE owner = ? ORDER BY number"
            _ = try database.first(sql, [ownerID]) { row -> Bool? in
                guard let number: Int64 = row.readable("number"), let count: Int = row.readable("span_count"),
                    let request: [UInt8] = row.readable("request")
                else { return nil }
                left = (left.spanCount - count, left.byteCount - request.count)
                guard all.isEmpty || (left.spanCount >= 0 && left.byteCount >= 0) else { return true }
                all.append(KeptSpans(number: number, spanCount: count, request: request))
                return nil
            }
            return all
        }
    }

    public func strike(_ spans: [KeptSpans]) throws(StoreError) {
        try write { database in
            for spans in spans { try database.execute("DELETE FROM kept_spans WHERE number = ?", [spans.number]) }
        }
    }

    /// Whether a span has ended and waits for a collector.
    ///
    /// - Parameter spanID: in hexadecimal.
    public func keepsSpan(_ spanID: String) throws(StoreError) -> Bool {
        try read { database in
            try database.value("SELECT EXISTS (SELECT 1 FROM kept_spans WHERE instr(span_ids, ?) > 0)", [spanID])
                ?? false
        }
    }
}
