import Audio
import Foundation
import HTTP
import RecorderIO
import Tracing

@testable import OTLP
@testable import RecordingExport
@testable import RecordingStore
@testable import Session

/// Reads the bytes as a report, or as what the journal has of a recording, and does with it what is done later.
enum ReportFuzz {
    static let folderName = "20260921T141320Z-\(Examples.recordingID)"

    static func run(_ bytes: [UInt8]) throws {
        let folder = try Scratch.path("recordings/\(folderName)")
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        _ = try Scratch.write(bytes, to: "recordings/\(folderName)/recording.wav.json")
        guard var report = SessionReport(atPath: "\(folder)/recording.wav.json") else { return }
        let text = try report.json()
        let again = try JSONDecoder().decode(SessionReport.self, from: Data(text.utf8))
        try Contradiction.unless(again == report, "a report reads back as another: \(text)")

        var deliveries: [Delivery] = []
        for (recording, found) in StoredReports(ofFile: "\(folder)/recording.wav").recordings {
            deliveries += found
            try Contradiction.unless(recording.byteCount >= 0, "a recording of \(recording.byteCount) bytes")
        }
        if let file = report.recording?.finished { try use(file, report) }
        for delivery in deliveries.prefix(3) {
            let outcome = ExportOutcome(exporter: delivery.exporter, outcome: .attached, recordingURL: "https://h/a")
            report.apply(outcome, of: delivery)
            try Contradiction.unless(report.status == .attached, "a delivered recording is \(report.status as Any)")
        }
        _ = try report.json()
        if let traced = TraceParent(traceID: report.traceID, spanID: report.spanID) {
            _ = SpanContext(traceparent: traced.headers["traceparent"] ?? "")
        }
    }

    /// What is made of a recording that a report tells of.
    private static func use(_ file: FinishedRecording, _ report: SessionReport) throws {
        try Contradiction.unless(SessionReport.Recording(file).finished != nil, "a report that cannot be written anew")
        try Contradiction.unless(file.duration >= .zero && file.format.bytesPerFrame > 0, "\(file)")
        let stored = StoredRecording(file)
        try Contradiction.unless(stored.durationSeconds.isFinite, "\(stored)")
        let recording = SessionRecording(
            recordingID: file.id,
            sessionID: report.sessionID,
            traceID: report.traceID,
            spanID: report.spanID,
            file: file
        )
        try use(recording)
        _ = RecordingStatus(isRecordingOn: true, didRecordingFail: false, outcomes: report.exports)
        let span = SessionSpanAttributes(
            upload: nil,
            outcomes: report.exports,
            status: .none,
            recording: file,
            exported: recording,
            endedAt: file.startedAt + stored.durationSeconds
        )
        _ = (span.attributes, span.events)
        _ = Timestamp.instant(span.endedAt)
    }

    /// What exporters make of a recording.
    private static func use(_ recording: SessionRecording) throws {
        guard let file = recording.file else { return }
        _ = try CommandQuestion(recording).json()
        _ = HTTPReceipt.contentDigest(ofHexadecimal: file.sha256)
        let target = try HTTPTarget("https://h/{yyyy}/{mm}/{dd}/{session_id}/{host}?id={recording_id}")
        _ = try target.url(for: recording, file.container.fileExtension, startedAt: file.startedAt)
        do throws(RecordingExportError) {
            let name = try recording.fileName()
            guard !name.isEmpty, !name.utf8.contains(UInt8(ascii: "/")) else { throw contradiction }
            let placeholders = RecordingPlaceholders(of: recording, fileExtension: "wav", startedAt: file.startedAt)
            _ = try S3Target(bucket: "bucket", key: "{session_id}/{recording_id}").key(placeholders)
        } catch {
            try Contradiction.unless(error != contradiction, "\(recording.recordingID) is a file name")
        }
    }

    private static let contradiction = RecordingExportError(.failed, "contradiction", onSpan: "")

    // MARK: the journal

    private static let database = Result {
        try StateDatabase(statePath: try Scratch.path("journal"), logger: Examples.logger)
    }

    /// The first line is what the journal has, the rest the report beside the recording.
    static func runJournal(_ bytes: [UInt8]) throws {
        let end = bytes.firstIndex(of: UInt8(ascii: "\n")) ?? bytes.endIndex
        var open: OpenRecording
        do {
            open = try JSONDecoder().decode(OpenRecording.self, from: Data(bytes[..<end]))
        } catch is DecodingError {
            return
        }
        let again = try JSONDecoder().decode(OpenRecording.self, from: try JSONEncoder().encode(open))
        try Contradiction.unless(again == open, "\(open) reads back as \(again)")
        _ = (Timestamp.instant(open.startedAt), Timestamp.rfc3339(open.startedAt), TraceParent(headers: open.span))
        _ = SpanContext(traceparent: open.span["traceparent"] ?? "", tracestate: open.span["tracestate"])
        if let path = open.filePath { _ = RecordingPlace.isOwnFolder(ofFile: path) }

        open.filePath = try Scratch.write(Array("RIFF".utf8), to: "left")
        _ = try Scratch.write(bytes[end...], to: "left.json")
        do {
            let left = try LeftRecording(open: open, database: try database.get()).end()
            guard let file = left?.outcome.recording, let report = SessionReport(atPath: try Scratch.path("left.json"))
            else { return }
            try Contradiction.unless(file.id == open.recordingID, "\(open.recordingID) is taken for \(file.id)")
            try use(file, report)
        } catch is RecorderError {
            return
        }
    }
}
