internal import Audio
internal import FoundationEssentials
internal import RecorderIO
internal import RecordingExport
internal import RecordingStore

extension SessionReport {
    /// Reads a report; nil where there is none, or it is none of this program's.
    public init?(atPath path: String) {
        guard FileManager.default.fileExists(atPath: path) else { return nil }
        do {
            self = try JSONDecoder().decode(SessionReport.self, from: Data(contentsOf: URL(filePath: path)))
        } catch {
            return nil
        }
    }

    /// What became of a delivery so far, as the report tells it.
    func outcome(of delivery: Delivery) -> ExportOutcome? { index(of: delivery).map { exports[$0] } }

    private func index(of delivery: Delivery) -> Int? {
        let target = delivery.destination.map(ExporterURL.shown) ?? delivery.exporter
        let places = exports.indices.filter { (exports[$0].destination ?? exports[$0].exporter) == target }
        return places.first { $0 == delivery.ordinal } ?? places.first
    }

    /// Takes what came of a later delivery.
    mutating func apply(_ outcome: ExportOutcome, of delivery: Delivery) {
        if let index = index(of: delivery) { exports[index] = outcome } else { exports.append(outcome) }
        guard status != .attached else { return }
        let failed = phases.filter { $0.phase == .upload && $0.outcome != .done }
        status = RecordingStatus(
            isRecordingOn: true,
            didRecordingFail: phases.contains { $0.phase == .finalize && $0.outcome != .done },
            outcomes: exports + failed.map { ExportOutcome(exporter: $0.name ?? "", outcome: .failed) }
        )
    }
}

extension SessionReport.Recording {
    /// The recording that this tells of; nil where the text is no report's.
    var finished: FinishedRecording? {
        guard let sampleFormat = SampleFormat(rawValue: sampleFormat),
            let startedAt = Timestamp.seconds(rfc3339: startedAt), isPlausible
        else { return nil }
        var finished = FinishedRecording(
            id: id,
            path: path,
            container: container,
            format: AudioFormat(sampleFormat: sampleFormat, sampleRate: sampleRateHz, channelCount: channels),
            measuredRate: measuredRateHz,
            frameCount: frames,
            startedAt: startedAt,
            sha256: sha256,
            byteCount: bytes,
            peakDBFS: peakDBFS,
            droppedFrameCount: droppedFrames,
            gaps: gaps,
            conditions: conditions ?? [],
            omittedConditionCount: omittedConditions ?? 0
        )
        finished.isManifest = segments != nil
        return finished
    }

    /// Whether its numbers may be those of a recording: they are calculated with.
    private var isPlausible: Bool {
        let gapFrames = gaps.reduce(0.0) { $0 + Double($1.frameCount) }
        return 1...10_000_000 ~= sampleRateHz && 1...1024 ~= channels && frames >= 0 && 0...(1 << 48) ~= bytes
            && gaps.allSatisfy { $0.firstFrame >= 0 && $0.frameCount >= 0 } && gapFrames < 0x1p62
    }
}

extension StoredRecording {
    init(_ file: FinishedRecording, segmentOf: String? = nil) {
        self.init(
            recordingID: file.id,
            filePath: file.path,
            startedAt: file.startedAt,
            durationSeconds: file.durationSeconds,
            byteCount: file.byteCount
        )
        self.segmentOf = segmentOf
    }
}

extension ExportOutcome {
    /// Of an exporter that has delivered earlier.
    init(_ receipt: DeliveryReceipt, of exporter: Delivery) {
        self.init(
            exporter: exporter.exporter,
            outcome: receipt.hasReference ? .attached : .none,
            recordingURL: receipt.recordingURL,
            recordingID: receipt.recordingID,
            recordingPath: receipt.recordingPath
        )
        destination = exporter.destination.map(ExporterURL.shown)
    }
}
