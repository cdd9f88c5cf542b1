@testable import RecordingStore

extension DatabaseFuzz {
    /// Each column's name and usual value.
    static let tables: [(name: String, columns: [(name: String, usual: SQLiteValue)])] = [
        (
            "open_recording",
            [
                ("recording_id", .text(openRecordingID)), ("owner", .text("5d0c5f0e-6a3b-4f53-8f0e-0a7c1e0b2d11")),
                ("file_path", .text("/srv/a.wav")), ("started_at", .real(1.5)), ("facts", .text(facts)),
            ]
        ),
        (
            "recording",
            [
                ("recording_id", .text(Examples.recordingID)), ("file_path", .text("/srv/a.wav")),
                ("started_at", .real(1.5)), ("duration_s", .real(1.5)), ("bytes", .integer(288_044)),
                ("removed_at", .real(2.5)),
            ]
        ),
        (
            "delivery",
            [
                ("recording_id", .text(Examples.recordingID)), ("ordinal", .integer(0)), ("exporter", .text("dir")),
                ("destination", .text("dir:/a")), ("state", .text("pending")), ("attempts", .integer(1)),
                ("next_attempt_at", .real(2.5)), ("error", .text("e")),
                ("receipt", .text("{\"recording_id\":\"i\",\"delivered_at\":1.5}")),
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
    static func insertRow(_ bytes: inout ArraySlice<UInt8>, _ database: borrowing SQLiteConnection) throws {
        guard let table = bytes.popFirst().map({ tables[Int($0) % tables.count] }) else { return }
        let values = table.columns.map { value(&bytes, usual: $0.usual) }
        let places = values.map { $0.isText ? "CAST(? AS TEXT)" : "?" }.joined(separator: ", ")
        try database.execute(
            "INSERT INTO \(table.name) VALUES (\(places))",
            values.map(\.value)
        )
    }

    /// - Returns: text as its bytes, for it may be no UTF-8.
    private static func value(
        _ bytes: inout ArraySlice<UInt8>,
        usual: SQLiteValue
    ) -> (value: SQLiteValue, isText: Bool) {
        func taken(_ count: Int) -> [UInt8] {
            defer { bytes = bytes.dropFirst(count) }
            return Array(bytes.prefix(count))
        }
        func number() -> UInt64 { taken(8).reduce(0) { $0 << 8 | UInt64($1) } }
        switch bytes.popFirst() ?? usualKind {
        case 0: return (.null, false)
        case 1: return (.integer(Int64(bitPattern: number())), false)
        case 2: return (.real(Double(bitPattern: number())), false)
        case 3: return (.blob(taken(Int(bytes.popFirst() ?? 0))), true)
        case 4: return (.blob(taken(Int(bytes.popFirst() ?? 0))), false)
        default: return (usual, false)
        }
    }
}
