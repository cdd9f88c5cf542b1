import FoundationEssentials
import RecordingExport
import RecordingStore

/// One recording as `tapeline list` tells it.
struct StoredEntry: Encodable {
    enum State: String, Encodable {
        case recording
        /// Its process died, and `recover` has not been run.
        case interrupted
        /// It has no exporter.
        case local
        case delivered
        case pending
        case refused
        /// Deleted to keep the disk's budget, after it was delivered.
        case removed
    }

    struct Target: Encodable {
        var exporter: String
        var destination: String?
        var state: String
        var attempts: Int
        var nextAttemptAt: String?
        var error: String?
        var receipt: DeliveryReceipt?

        enum CodingKeys: String, CodingKey {
            case exporter, destination, state, attempts, error, receipt
            case nextAttemptAt = "next_attempt_at"
        }
    }

    var recordingID: String
    /// The id of the recording that it is a segment of.
    var segmentOf: String?
    var state: State
    var startedAt: String
    var durationS: Double?
    var bytes: Int64?
    var path: String?
    var deliveries: [Target]

    enum CodingKeys: String, CodingKey {
        case state, bytes, path, deliveries
        case recordingID = "recording_id"
        case segmentOf = "segment_of"
        case startedAt = "started_at"
        case durationS = "duration_s"
    }

    init(_ open: OpenRecording, isAlive: Bool) {
        recordingID = open.recordingID
        segmentOf = open.segment?.recordingID
        state = isAlive ? .recording : .interrupted
        startedAt = Self.time(open.startedAt)
        path = open.filePath
        deliveries = []
    }

    init(_ recording: StoredRecording, _ deliveries: [Delivery]) {
        recordingID = recording.recordingID
        segmentOf = recording.segmentOf
        state = State(recording, deliveries)
        startedAt = Self.time(recording.startedAt)
        durationS = recording.durationSeconds
        bytes = recording.byteCount
        path = recording.filePath
        self.deliveries = deliveries.map { delivery in
            Target(
                exporter: delivery.exporter,
                destination: delivery.destination.map(ExporterURL.shown),
                state: delivery.state.rawValue,
                attempts: delivery.attemptCount,
                nextAttemptAt: delivery.state == .pending ? Self.time(delivery.nextAttemptAt) : nil,
                error: delivery.error,
                receipt: delivery.receipt
            )
        }
    }

    /// For people: a line, and one for each delivery.
    var text: String {
        let length = durationS.map { " \($0) s" } ?? ""
        let lines = deliveries.map { delivery in
            let receipt = delivery.receipt
            let what = receipt?.recordingURL ?? receipt?.recordingPath ?? receipt?.recordingID ?? delivery.error ?? ""
            return "    \(delivery.state) \(delivery.destination ?? delivery.exporter) \(what)\n"
        }
        // A segment stands below its recording.
        let margin = segmentOf == nil ? "" : "  "
        return "\(margin)\(recordingID) \(startedAt) \(state.rawValue)\(length) \(path ?? "")\n" + lines.joined()
    }

    /// The same entries, with segments below the recording that they are of.
    static func grouped(_ entries: [StoredEntry]) -> [StoredEntry] {
        let ids = Set(entries.map(\.recordingID))
        let segments = Dictionary(grouping: entries) { $0.segmentOf ?? "" }
        return entries.filter { $0.segmentOf.map { !ids.contains($0) } ?? true }.flatMap { entry in
            [entry] + (segments[entry.recordingID] ?? [])
        }
    }

    private static func time(_ secondsSince1970: Double) -> String {
        Date(timeIntervalSince1970: secondsSince1970)
            .formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true))
    }
}

extension StoredEntry.State {
    fileprivate init(_ recording: StoredRecording, _ deliveries: [Delivery]) {
        if recording.removedAt != nil {
            self = .removed
        } else if deliveries.isEmpty {
            self = .local
        } else if deliveries.contains(where: { $0.state == .refused }) {
            self = .refused
        } else {
            self = deliveries.contains { $0.state == .pending } ? .pending : .delivered
        }
    }
}
