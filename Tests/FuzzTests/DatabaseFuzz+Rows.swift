import Foundation
import GRDB

extension DatabaseFuzz {
    /// Each column's name and usual value.
    static let tables: [(name: String, columns: [(name: String, usual: any DatabaseValueConvertible & Sendable)])] = [
        (
            "open_recording",
            [
                ("recording_id", openRecordingID), ("owner", "5d0c5f0e-6a3b-4f53-8f0e-0a7c1e0b2d11"),
                ("file_path", "/srv/a.wav"), ("started_at", 1.5), ("facts", facts),
            ]
        ),
        (
            "recording",
            [
                ("recording_id", Examples.recordingID), ("file_path", "/srv/a.wav"), ("started_at", 1.5),
                ("duration_s", 1.5), ("bytes", 288_044), ("removed_at", 2.5),
            ]
        ),
        (
            "delivery",
            [
                ("recording_id", Examples.recordingID), ("ordinal", 0), ("exporter", "dir"),
                ("destination", "dir:/a"),
                ("state", "pending"), ("attempts", 1), ("next_attempt_at", 2.5), ("error", "e"),
                ("receipt", "{\"recording_id\":\"i\",\"delivered_at\":1.5}"),
            ]
        ),
    ]

    /// Another one's, for what is open is not delivered yet.
    static let openRecordingID = "1b8f7a52-5a0e-4c7e-9f5d-2f1d3c4b5a69"

    private static let facts = """
        {"recordingID":"\(openRecordingID)","sessionID":"s","startedAt":1.5,"filePath":"/srv/a.wav",\
        "container":"wav","replacesFile":false,"span":{},"parent":{},"exporterURLs":["dir:/a"],"version":"1"}
        """

    static let usualKind: UInt8 = 0xFF

    /// A byte for the table, and for each column one that says what is in it, and that.
    static func insertRow(_ bytes: inout ArraySlice<UInt8>, _ database: Database) throws {
        guard let table = bytes.popFirst().map({ tables[Int($0) % tables.count] }) else { return }
        let values = table.columns.map { value(&bytes, usual: $0.usual) }
        let places = values.map { $0.isText ? "CAST(? AS TEXT)" : "?" }.joined(separator: ", ")
        try database.execute(
            sql: "INSERT INTO \(table.name) VALUES (\(places))",
            arguments: StatementArguments(values.map(\.value))
        )
    }

    /// - Returns: text as its bytes, for it may be no UTF-8.
    private static func value(
        _ bytes: inout ArraySlice<UInt8>,
        usual: any DatabaseValueConvertible
    ) -> (value: DatabaseValue, isText: Bool) {
        func taken(_ count: Int) -> [UInt8] {
            defer { bytes = bytes.dropFirst(count) }
            return Array(bytes.prefix(count))
        }
        func number() -> UInt64 { taken(8).reduce(0) { $0 << 8 | UInt64($1) } }
        switch bytes.popFirst() ?? usualKind {
        case 0: return (.null, false)
        case 1: return (Int64(bitPattern: number()).databaseValue, false)
        case 2: return (Double(bitPattern: number()).databaseValue, false)
        case 3: return (Data(taken(Int(bytes.popFirst() ?? 0))).databaseValue, true)
        case 4: return (Data(taken(Int(bytes.popFirst() ?? 0))).databaseValue, false)
        default: return (usual.databaseValue, false)
        }
    }
}
