import Foundation
import TestSupport
import Testing

@testable import RecordingStore

@Suite struct SQLiteConnectionTests {
    private let folder: TemporaryFolder
    private var path: String { folder.path + "/a.sqlite" }

    init() throws { folder = try TemporaryFolder() }

    @Test func `What is kept comes back as it was`() throws {
        let values: [SQLiteValue] = [
            .null, .integer(.min), .integer(.max), .real(-0.1), .text(""), .text("a\0b\u{1F399}"), .blob([]),
            .blob([0, 255, 0]),
        ]
        do {
            let database = try SQLiteConnection(path: path)
            try database.execute("CREATE TABLE a (place INTEGER PRIMARY KEY, value); CREATE TABLE b (value)")
            for (place, value) in values.enumerated() {
                try database.execute("INSERT INTO a VALUES (?, ?)", [place, value])
            }
        }
        let database = try SQLiteConnection(path: path)
        #expect(try database.column("SELECT value FROM a ORDER BY place") == values)
        #expect(try database.value("SELECT count(*) FROM b") == 0)
        let row = try #require(try database.rows("SELECT * FROM a WHERE place = ?", [1]).first)
        #expect(row.columns == ["place", "value"])
        #expect(row["value"] == .integer(.min))
        #expect(row["else"] == .null)
    }

    @Test func `A value of another kind is none`() throws {
        let database = try SQLiteConnection(path: path)
        let row = try #require(try database.rows("SELECT 1 AS i, 1.5 AS r, 'a' AS t, x'00' AS b, 9e999 AS o").first)
        #expect((row.readable("i") as Int?) == 1)
        #expect((row.readable("i") as Double?) == 1)
        #expect((row.readable("r") as Int?) == nil)
        #expect((row.readable("o") as Double?) == nil)
        #expect((row.readable("t") as String?) == "a")
        #expect((row.readable("b") as String?) == nil)
        #expect((row.readable("t") as [UInt8]?) == nil)
    }

    @Test func `A query that is left early leaves the database free`() throws {
        let database = try SQLiteConnection(path: path)
        try database.execute("CREATE TABLE a (value); INSERT INTO a VALUES (1), (2), (3)")
        var seen: [SQLiteValue] = []
        let found = try database.first("SELECT value FROM a ORDER BY value") { row -> Bool? in
            seen.append(row["value"])
            return seen.count == 2 ? true : nil
        }
        #expect(found == true)
        #expect(seen == [.integer(1), .integer(2)])
        try database.execute("DROP TABLE a")
    }

    // DUR-1
    @Test func `A transaction is done as a whole or not at all`() throws {
        struct Stop: Error {}
        let database = try SQLiteConnection(path: path)
        try database.execute("CREATE TABLE a (value UNIQUE)")
        #expect(throws: Stop.self) {
            try database.transaction(isWriting: true) { database in
                try database.execute("INSERT INTO a VALUES (1)")
                throw Stop()
            }
        }
        #expect(throws: SQLiteError.self) {
            try database.transaction(isWriting: true) { database in
                try database.execute("INSERT INTO a VALUES (1)")
                try database.execute("INSERT OR ROLLBACK INTO a VALUES (?)", [1])
            }
        }
        #expect(try database.value("SELECT count(*) FROM a") == 0)
        let seven = try database.transaction(isWriting: true) { database in
            try database.execute("INSERT INTO a VALUES (7)")
            return 7
        }
        #expect(try SQLiteConnection(path: path).column("SELECT value FROM a") == [seven])
    }

    @Test func `A failure is told in SQLite's words, and of its kind`() throws {
        do {
            let database = try SQLiteConnection(path: path)
            let error = #expect(throws: SQLiteError.self) { try database.execute("SELECT * FROM nowhere", [1]) }
            #expect(error?.description == "no such table: nowhere, SQLite's error 1")
            #expect(error?.kind == .other)
        }
        try Data("this is no database, though it is long enough to be looked at".utf8).write(to: URL(filePath: path))
        let database = try SQLiteConnection(path: path)
        let error = #expect(throws: SQLiteError.self) { _ = try database.rows("SELECT * FROM sqlite_schema") }
        #expect(error?.kind == .damaged)
        #expect(throws: SQLiteError.self) { _ = try SQLiteConnection(path: folder.path + "/no/a.sqlite") }
    }
}
