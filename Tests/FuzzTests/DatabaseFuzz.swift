import Foundation
import HTTP
import RecorderIO
import RecordingExport
import TestSupport

@testable import RecordingStore
@testable import Session

/// Opens the bytes as a state folder's database, or as rows of one, and asks it everything; the first byte is a letter that
/// names which.
enum DatabaseFuzz {
    static func run(_ bytes: [UInt8]) throws {
        guard let letter = bytes.first else { return }
        switch letter {
        case UInt8(ascii: "b"): try open(Array(bytes.dropFirst()))
        case UInt8(ascii: "r"):
            try open(try looseTemplate.get()) { database in
                var rest = bytes.dropFirst()
                while !rest.isEmpty { try insertRow(&rest, database) }
            }
        default: break
        }
    }

    private static func open(_ file: [UInt8], change: ((borrowing SQLiteConnection) throws -> Void)? = nil) throws {
        let state = try Scratch.path("state")
        try Scratch.remove(state)
        try FileManager.default.createDirectory(atPath: state, withIntermediateDirectories: true)
        let path = try Scratch.write(file, to: "state/tapeline.sqlite")
        if let change { try SQLiteConnection(path: path).transaction(isWriting: true, change) }
        do {
            let database = try StateDatabase(statePath: state, logger: Examples.logger)
            // Any of these may say that it cannot be done, as with a bad disk, and the others are asked all the same.
            for question in questions {
                do { try question(database) } catch let error as StoreError { _ = error.description }
            }
        } catch let error as StoreError {
            _ = error.description
        }
    }

    private static let questions: [@Sendable (StateDatabase) throws -> Void] = [
        { database in
            for (open, _) in try database.openRecordings() { use(open) }
        },
        { database in
            let abandoned = try AbandonedRecordings(in: database, below: [], logger: Examples.logger)
            for open in abandoned.recordings { use(open) }
            abandoned.letGo()
        },
        { database in
            for (recording, deliveries) in try database.storedRecordings() {
                use(recording)
                for delivery in deliveries { use(delivery) }
            }
        },
        { database in
            for (target, nextAttemptAt) in try database.openTargets().prefix(3) {
                _ = Duration.seconds(max(0, min(nextAttemptAt, 1e9)))
                guard let (recording, delivery) = try database.nextDelivery(to: target, now: 1e9, farthest: 3600) else {
                    continue
                }
                use(recording)
                use(delivery)
                var made = delivery
                made.apply(outcome, now: 1e9, wait: .seconds(1))
                try database.update([made])
                try database.hurry(target)
            }
        },
        { database in
            _ = try database.recordingIDs()
        },
        { database in
            let id = Examples.recordingID
            let exporter = "dir"
            var delivery = Delivery(recordingID: id, ordinal: 3, exporter: exporter, destination: nil)
            try database.keep(StoredRecording(Examples.file), [delivery])
            delivery.apply(outcome, now: 1e9, wait: .seconds(1))
            try database.update([delivery])
            _ = try database.deliveries(of: id)
        },
    ]

    private static let outcome = ExportOutcome(exporter: "dir", outcome: .failed, error: "e")

    private static func use(_ open: OpenRecording) {
        _ = (Timestamp.instant(open.startedAt), Timestamp.rfc3339(open.startedAt), TraceParent(headers: open.span))
    }

    private static func use(_ recording: StoredRecording) {
        _ = (Timestamp.rfc3339(recording.startedAt), recording.removedAt.map(Timestamp.rfc3339))
    }

    private static func use(_ delivery: Delivery) {
        _ = (Timestamp.rfc3339(delivery.nextAttemptAt), delivery.receipt.map { Timestamp.rfc3339($0.deliveredAt) })
        _ = SessionOutbox.retryPolicy.wait(afterAttempt: delivery.attemptCount)
    }
}
