import Audio
import Logging
import RecorderIO
import RecordingExport
import TestSupport
import Testing

@testable import RecordingStore

/// Rows that a damaged disk, or somebody's hand, made odd.
@Suite struct StateDatabaseTests {
    private let folder: TemporaryFolder
    private let database: StateDatabase
    private static let damage = [
        "NULL", "x'FF'", "'\u{1}'", "9223372036854775807", "-9223372036854775808", "9e999", "''", "'../../a'",
    ]

    init() throws {
        folder = try TemporaryFolder()
        database = try StateDatabase(
            statePath: folder.path,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        )
    }

    /// Changes the file beside the open database.
    private func execute(_ sql: String) throws {
        try SQLiteConnection(path: "\(folder.path)/tapeline.sqlite").execute(sql)
    }

    /// Makes a table anew that takes anything.
    private func loosen(_ table: String, _ columns: String) throws {
        try execute("DROP TABLE \(table); CREATE TABLE \(table) (\(columns))")
    }

    private func open(_ id: String) -> OpenRecording {
        OpenRecording(
            recordingID: id,
            sessionID: "s",
            startedAt: 1,
            filePath: "/srv/\(id).wav",
            container: .wav,
            version: "1"
        )
    }

    // DUR-2
    @Test(arguments: ["recording_id", "owner", "file_path", "started_at", "facts"])
    func `What cannot be read of the journal is struck out, and the rest stays`(column: String) throws {
        try loosen("open_recording", "recording_id PRIMARY KEY, owner, file_path, started_at, facts")
        for damage in Self.damage {
            try database.keep(open("a"))
            try database.keep(open("b"))
            try execute("UPDATE open_recording SET \(column) = \(damage) WHERE recording_id = 'a'")
            let known = try database.openRecordings().map(\.recording.recordingID)
            #expect(known.contains("b"), "\(column) = \(damage)")
            #expect(try database.recordings(of: database.ownerID).map(\.recordingID).contains("b"))
            try execute("DELETE FROM open_recording")
        }
        #expect(folder.contents.filter { $0.hasPrefix("owners/") } == ["owners/\(database.ownerID)"])
    }

    // DUR-1
    @Test(arguments: [
        "recording_id", "ordinal", "exporter", "destination", "state", "attempts", "next_attempt_at", "error",
        "receipt",
    ])
    func `A delivery that cannot be read keeps no other waiting`(column: String) throws {
        try loosen(
            "delivery",
            """
            recording_id, ordinal, exporter, destination, state, attempts, next_attempt_at, error, receipt,
            PRIMARY KEY (recording_id, ordinal)
            """
        )
        for damage in Self.damage {
            for id in ["a", "b"] {
                let delivery = Delivery(recordingID: id, ordinal: 0, exporter: "dir", destination: "dir:/a")
                try database.keep(recording(id), [delivery])
            }
            try execute("UPDATE delivery SET \(column) = \(damage) WHERE recording_id = 'a'")
            var left = 0
            while let next = try database.nextDelivery(to: "dir:/a", now: 1, farthest: 3600), left < 2 {
                left += 1
                var delivery = next.delivery
                delivery.apply(ExportOutcome(exporter: "dir", outcome: .attached), now: 1, wait: .seconds(1))
                try database.update([delivery])
            }
            #expect(try database.deliveries(of: "b").map(\.state) == [.delivered], "\(column) = \(damage)")
            #expect(try database.storedRecordings().map(\.recording.recordingID) == ["a", "b"])
            _ = try database.openTargets()
            try execute("DELETE FROM delivery")
        }
    }

    // DUR-1
    @Test(arguments: ["recording_id", "file_path", "started_at", "duration_s", "bytes", "removed_at"])
    func `A recording that cannot be read keeps no other waiting`(column: String) throws {
        try loosen(
            "recording",
            "recording_id PRIMARY KEY, file_path, started_at, duration_s, bytes, removed_at"
        )
        for damage in Self.damage {
            for id in ["a", "b"] {
                let delivery = Delivery(recordingID: id, ordinal: 0, exporter: "dir", destination: "dir:/a")
                try database.keep(recording(id), [delivery])
            }
            try execute("UPDATE recording SET \(column) = \(damage) WHERE recording_id = 'a'")
            let stored = try database.storedRecordings().map(\.recording)
            #expect(stored.contains { $0.recordingID == "b" })
            // Many of them are added up.
            #expect(stored.allSatisfy { 0...(1 << 48) ~= $0.byteCount && $0.durationSeconds.isFinite })
            let next = try database.nextDelivery(to: "dir:/a", now: 1, farthest: 3600)
            #expect(next != nil, "\(column) = \(damage)")
            try execute("DELETE FROM recording; DELETE FROM delivery")
        }
    }

    private func recording(_ id: String) -> StoredRecording {
        StoredRecording(recordingID: id, filePath: "/srv/\(id).wav", startedAt: 1, durationSeconds: 1, byteCount: 1)
    }
}
