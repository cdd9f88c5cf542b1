internal import FoundationEssentials
internal import GRDB
public import OTLP

/// Spans that no collector has accepted yet (DUR-3): at most 20,000 of them, in 64 MiB; beyond it the oldest go.
///
/// Their age is no bound: a box without a clock of its own starts in 1970, and all would be too old once it knows the time.
extension StateDatabase: SpanStore {
    /// How many spans are kept, at most.
    public static let largestSpanCount = 20_000
    /// How many bytes their requests have together, at most.
    public static let largestSpanByteCount = 64 << 20

    static func makeSpanTable(_ database: Database) throws {
        // The numbers are never used twice, and so tell which are older, whatever the clock said.
        try database.execute(
            sql: """
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
        )
    }

    public func keep(_ request: [UInt8], spanIDs: [String]) throws(StoreError) -> Int {
        try write { database in
            try database.execute(
                sql: """
                    INSERT INTO kept_spans (owner, span_count, byte_count, span_ids, request) VALUES (?, ?, ?, ?, ?)
                    """,
                arguments: [ownerID, spanIDs.count, request.count, spanIDs.joined(separator: " "), Data(request)]
            )
            return try Self.dropBeyondBound(database)
        }
    }

    /// Returns how many spans.
    private static func dropBeyondBound(_ database: Database) throws -> Int {
        let bounds: StatementArguments = [largestSpanCount, largestSpanByteCount]
        let isWithin = try Bool.fetchOne(
            database,
            sql: "SELECT total(span_count) <= ? AND total(byte_count) <= ? FROM kept_spans",
            arguments: bounds
        )
        guard isWithin == false else { return 0 }
        let dropped = try Int.fetchAll(
            database,
            sql: """
                DELETE FROM kept_spans WHERE number <= (
                    SELECT max(number) FROM (
                        SELECT number,
                            sum(span_count) OVER newer AS span_count,
                            sum(byte_count) OVER newer AS byte_count
                        FROM kept_spans WINDOW newer AS (ORDER BY number DESC)
                    ) WHERE span_count > ? OR byte_count > ?
                ) RETURNING span_count
                """,
            arguments: bounds
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
                let arguments: StatementArguments = [ownerID, owner]
                try database.execute(sql: "UPDATE kept_spans SET owner = ? WHERE owner = ?", arguments: arguments)
                lock.remove()
            }
        }
    }

    private func ownersOfOtherSpans(_ database: Database) throws -> [String] {
        try String.fetchAll(
            database,
            sql: """
                SELECT DISTINCT owner FROM kept_spans
                WHERE owner <> ? AND owner NOT IN (SELECT owner FROM open_recording)
                """,
            arguments: [ownerID]
        )
    }

    public func oldestSpans(spanCount: Int, byteCount: Int) throws(StoreError) -> [KeptSpans] {
        try read { database in
            let rows = try Row.fetchCursor(
                database,
                sql: "SELECT number, span_count, request FROM kept_spans WHERE owner = ? ORDER BY number",
                arguments: [ownerID]
            )
            var all: [KeptSpans] = []
            var left = (spanCount: spanCount, byteCount: byteCount)
            while let row = try rows.next() {
                let request: Data = row["request"]
                let spans = KeptSpans(number: row["number"], spanCount: row["span_count"], request: Array(request))
                left = (left.spanCount - spans.spanCount, left.byteCount - request.count)
                guard all.isEmpty || (left.spanCount >= 0 && left.byteCount >= 0) else { break }
                all.append(spans)
            }
            return all
        }
    }

    public func strike(_ spans: [KeptSpans]) throws(StoreError) {
        try write { database in
            for spans in spans {
                try database.execute(sql: "DELETE FROM kept_spans WHERE number = ?", arguments: [spans.number])
            }
        }
    }

    /// Whether a span has ended and waits for a collector.
    ///
    /// - Parameter spanID: in hexadecimal.
    public func keepsSpan(_ spanID: String) throws(StoreError) -> Bool {
        try read { database in
            let sql = "SELECT EXISTS (SELECT 1 FROM kept_spans WHERE instr(span_ids, ?) > 0)"
            return try Bool.fetchOne(database, sql: sql, arguments: [spanID]) ?? false
        }
    }
}
