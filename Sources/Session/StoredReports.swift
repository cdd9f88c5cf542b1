internal import FoundationEssentials
internal import RecorderIO
internal import RecordingExport
internal import RecordingStore

/// The finished recordings below a folder, as their reports tell of them: what an outbox that was lost is made again from.
struct StoredReports {
    let recordings: [(recording: StoredRecording, deliveries: [Delivery])]

    /// - Parameter directory: as `RecordingPlace.directory` has it.
    init(below directory: String) throws {
        let folder = directory + "/recordings"
        guard FileManager.default.fileExists(atPath: folder) else {
            recordings = []
            return
        }
        recordings = try FileManager.default.contentsOfDirectory(atPath: folder).sorted().flatMap { name in
            Container.allCases.compactMap { container in
                let path = "\(folder)/\(name)/recording.\(container.fileExtension)"
                return RecordingPlace.isOwnFolder(ofFile: path) ? Self.recording(ofFile: path) : nil
            }
        }
    }

    /// The one that a file is.
    init(ofFile path: String) {
        recordings = Self.recording(ofFile: path).map { [$0] } ?? []
    }

    private static func recording(ofFile path: String) -> (recording: StoredRecording, deliveries: [Delivery])? {
        guard FileManager.default.fileExists(atPath: path),
            let report = SessionReport(atPath: RecordingPlace.reportPath(forFile: path)),
            var file = report.recording?.finished
        else { return nil }
        file.path = path
        return (StoredRecording(file), report.deliveries(of: file.id))
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
