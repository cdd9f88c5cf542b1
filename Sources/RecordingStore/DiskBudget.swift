internal import FoundationEssentials
public import Logging
internal import Synchronization

/// How much room finished recordings may take: what is beyond it is made up by deleting delivered ones, oldest first (DUR-4).
///
/// One that has not been delivered by all its exporters is never deleted, nor one that no exporter has a reference to, nor a
/// file that lies in no folder of its own.
public final class DiskBudget: Sendable {
    public let byteCount: Int64
    private let database: StateDatabase
    private let logger: Logger
    /// How many recordings beyond the budget were last told of.
    private let told = Mutex(0)

    public init(byteCount: Int64, _ database: StateDatabase, logger: Logger) {
        self.byteCount = byteCount
        self.database = database
        self.logger = logger
    }

    /// Deletes what is beyond the budget, and tells of what is left beyond it.
    public func keep() throws(StoreError) {
        let stored = try database.storedRecordings().filter { $0.recording.removedAt == nil }
        var total = stored.reduce(0) { $0 + $1.recording.byteCount }
        // A manifest goes after its segments, which are in its folder.
        var segmentCounts: [String: Int] = [:]
        for (recording, _) in stored {
            if let manifest = recording.segmentOf { segmentCounts[manifest, default: 0] += 1 }
        }
        let manifests = stored.filter { segmentCounts[$0.recording.recordingID] != nil }
        let order = stored.filter { segmentCounts[$0.recording.recordingID] == nil } + manifests
        for (recording, deliveries) in order where total > byteCount && Self.isDelivered(deliveries) {
            let id = recording.segmentOf ?? recording.recordingID
            guard let folder = RecordingPlace.ownFolder(of: id, file: recording.filePath),
                segmentCounts[recording.recordingID, default: 0] == 0
            else { continue }
            do {
                try remove(recording.filePath)
                try remove(RecordingPlace.reportPath(forFile: recording.filePath))
                // With what is none of ours in it, it stays.
                if try contents(of: folder).isEmpty { try FileManager.default.removeItem(atPath: folder) }
            } catch {
                logger.error("\(recording.filePath) is to be deleted to keep the disk's budget, and is not: \(error)")
                continue
            }
            try database.markRemoved(recording.recordingID, at: Date().timeIntervalSince1970)
            total -= recording.byteCount
            if let manifest = recording.segmentOf { segmentCounts[manifest, default: 0] -= 1 }
            logger.notice("deleted \(recording.filePath) to keep the disk's budget; it was delivered")
        }
        let count = total > byteCount ? stored.count { !Self.isDelivered($0.deliveries) } : 0
        let isNews = told.withLock { told in
            defer { told = count }
            return count > told
        }
        guard isNews else { return }
        logger.error(
            """
            recordings take \(total) bytes, more than the budget of \(byteCount), and \(count) of them are not delivered, so that \
            none of these is deleted: deliver them (see tapeline list), or allow more
            """
        )
    }

    /// A receipt of each exporter, one of them with a reference (EXP-6).
    private static func isDelivered(_ deliveries: [Delivery]) -> Bool {
        deliveries.allSatisfy { $0.state == .delivered } && deliveries.contains { $0.receipt?.hasReference == true }
    }

    private func remove(_ path: String) throws {
        guard FileManager.default.fileExists(atPath: path) else { return }
        try FileManager.default.removeItem(atPath: path)
    }

    private func contents(of folder: String) throws -> [String] {
        guard FileManager.default.fileExists(atPath: folder) else { return ["nothing"] }
        return try FileManager.default.contentsOfDirectory(atPath: folder)
    }
}
