internal import FoundationEssentials
internal import RecorderIO
internal import RecordingExport
internal import RecordingStore

/// The finished recordings below a folder, as their reports tell of them: what an outbox that was lost is made again from.
struct StoredReports {
    let recordings: [(recording: StoredRecording, deliveries: [Delivery])]

    /// - Parameters:
    ///   - directory: as `RecordingPlace.directory` has it.
    ///   - known: the ids of recordings that are left out.
    init(below directory: String, without known: Set<String>) throws {
        let folder = directory + "/recordings"
        guard FileManager.default.fileExists(atPath: folder) else {
            recordings = []
            return
        }
        var recordings: [(recording: StoredRecording, deliveries: [Delivery])] = []
        for name in try FileManager.default.contentsOfDirectory(atPath: folder).sorted() {
            guard let id = RecordingPlace.recordingID(ofFolder: name), !known.contains(id) else { continue }
            recordings += Container.allCases.compactMap { container in
                Self.recording(ofFile: "\(folder)/\(name)/recording.\(container.fileExtension)")
            }
            recordings += Self.segments(ofManifest: "\(folder)/\(name)/manifest.json")
        }
        self.recordings = recordings
    }

    /// The one that a file is.
    init(ofFile path: String) {
        recordings = Self.recording(ofFile: path).map { [$0] } ?? []
    }

    /// Those of a recording that has ended, and the whole, whose file the manifest is.
    private static func segments(
        ofManifest path: String
    ) -> [(recording: StoredRecording, deliveries: [Delivery])] {
        guard let whole = recording(ofFile: path), let manifest = RecordingManifest(atPath: path) else { return [] }
        let folder = Folder.parent(of: path)
        return manifest.segments.compactMap { recording(ofFile: "\(folder)/\($0.file)") } + [whole]
    }

    private static func recording(ofFile path: String) -> (recording: StoredRecording, deliveries: [Delivery])? {
        guard FileManager.default.fileExists(atPath: path),
            let report = SessionReport(atPath: RecordingPlace.reportPath(forFile: path)),
            var file = report.recording?.finished
        else { return nil }
        file.path = path
        return (StoredRecording(file, segmentOf: report.recording?.segmentOf), report.deliveries(of: file.id))
    }
}

extension SessionReport {
    fileprivate func deliveries(of recordingID: String) -> [Delivery] {
        exports.enumerated().map { ordinal, outcome in
            var delivery = Delivery(
                recordingID: recordingID,
                ordinal: ordinal,
                exporter: outcome.exporter,
                destination: outcome.destination
            )
            delivery.error = outcome.error
            switch outcome.outcome {
            case .attached, .none:
                delivery.state = .delivered
                delivery.receipt = DeliveryReceipt(outcome, deliveredAt: endedAt.flatMap(Timestamp.seconds) ?? 0)
            case .tooLarge, .unreadable: delivery.state = .refused
            case .timeout, .failed, .cancelled, .deferred:
                guard outcome.destination?.contains(ExporterURL.hiddenQuery) == true else { break }
                delivery.state = .refused
                delivery.error = "its URL had a query, which no report keeps: deliver it with tapeline export ID URL"
            }
            return delivery
        }
    }
}
