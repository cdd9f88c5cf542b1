import Foundation
import RecorderIO
import RecordingExport

@testable import RecordingStore
@testable import Session

extension DatabaseFuzz {
    /// A database with one row of each kind, in small pages.
    private static let template = Result { try makeTemplate { _ in } }

    /// One whose tables take anything.
    static let looseTemplate = Result {
        try makeTemplate { database in
            for table in tables {
                try database.execute("DELETE FROM \(table.name)")
            }
            for table in tables.reversed() {
                try database.execute("DROP TABLE \(table.name)")
                let columns = table.columns.map(\.name).joined(separator: ", ")
                let keys = [
                    "open_recording": "recording_id", "delivery": "recording_id, ordinal",
                ]
                let key = keys[table.name] ?? "recording_id"
                try database.execute(
                    "CREATE TABLE \(table.name) (\(columns), PRIMARY KEY (\(key)) ON CONFLICT REPLACE)"
                )
            }
        }
    }

    private static func makeTemplate(_ change: (borrowing SQLiteConnection) throws -> Void) throws -> [UInt8] {
        let state = try Scratch.path("template")
        try Scratch.remove(state)
        let path = "\(state)/tapeline.sqlite"
        do {
            let database = try StateDatabase(statePath: state, logger: Examples.logger)
            let delivery = Delivery(
                recordingID: Examples.recordingID,
                ordinal: 0,
                exporter: "dir",
                destination: "dir:/a"
            )
            try database.keep(StoredRecording(Examples.file), [delivery])
            try database.keep(
                OpenRecording(
                    recordingID: openRecordingID,
                    sessionID: "s",
                    startedAt: 1.5,
                    filePath: "/srv/b.wav",
                    container: .wav,
                    version: "1"
                )
            )
        }
        do {
            let connection = try SQLiteConnection(path: path)
            try connection.transaction(isWriting: true, change)
            try connection.execute("PRAGMA journal_mode = DELETE; PRAGMA page_size = 512; VACUUM")
        }
        return [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
    }

    static var seeds: [[UInt8]] {
        get throws {
            let usual = tables.enumerated().map { number, table in
                [[UInt8(number)]] + table.columns.map { _ in [usualKind] }
            }
            // Each column of each table as each kind of value, behind rows that it may belong to.
            let odd = usual.flatMap { row in
                row.indices.dropFirst().flatMap { column in
                    [
                        [0], [1, 0x7F] + [UInt8](repeating: 0xFF, count: 7), [2, 0x7F, 0xF0], [3, 2, 65, 0xFF],
                        [4, 1, 65],
                    ].map {
                        var row = row
                        row[column] = $0
                        return usual.joined() + row
                    }
                }
            }
            let rows = odd.map { [UInt8(ascii: "r")] + $0.joined() }
            return [[UInt8(ascii: "b")] + (try template.get())] + rows
        }
    }
}
