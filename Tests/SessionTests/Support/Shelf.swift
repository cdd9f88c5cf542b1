import Audio
import Foundation
import Logging
import RecorderIO
import RecordingExport
import RecordingStore
import Synchronization
import TestSupport

@testable import Session

/// A state folder with finished recordings whose delivery is still to come, and a clock that only waiting moves.
final class Shelf: Sendable {
    static let start = 1_790_000_000.0

    let folder: TemporaryFolder
    let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    private let time = Mutex(start)
    private let onWait = Mutex<(@Sendable (Double) async -> Void)?>(nil)

    init() throws { folder = try TemporaryFolder() }

    var state: String { folder.path + "/state" }
    var now: Double { time.withLock { $0 } }

    /// Has `body` called with the time after each wait.
    func afterWaits(_ body: @escaping @Sendable (Double) async -> Void) { onWait.withLock { $0 = body } }

    func set(_ now: Double) { time.withLock { $0 = now } }

    var clock: DeliveryClock {
        var clock = DeliveryClock()
        clock.now = { self.now }
        clock.pause = { wait in
            try Task.checkCancellation()
            let now = self.time.withLock { time in
                time += wait / .seconds(1)
                return time
            }
            await self.onWait.withLock { $0 }?(now)
            await Task.yield()
        }
        return clock
    }

    func database() throws -> StateDatabase { try StateDatabase(statePath: state, logger: logger) }

    /// A recording as a session leaves it that could not deliver.
    @discardableResult
    func add(
        _ number: Int,
        startedAt: Double = start,
        to database: StateDatabase?,
        _ destinations: [String] = ["dir:/there"]
    ) throws -> FinishedRecording {
        let id = UUID().uuidString.lowercased()
        let name = "\(Timestamp.compact(startedAt))-\(id)"
        let bytes = (0..<200).map { UInt8(truncatingIfNeeded: $0 &* number &+ number) }
        try FileManager.default.createDirectory(
            atPath: "\(state)/recordings/\(name)",
            withIntermediateDirectories: true
        )
        let path = try folder.write(Data(bytes), to: "state/recordings/\(name)/recording.wav")
        let file = FinishedRecording(
            id: id,
            path: path,
            container: .wav,
            format: AudioFormat(sampleFormat: .s16, sampleRate: 48000, channelCount: 2),
            measuredRate: nil,
            frameCount: 39,
            startedAt: startedAt,
            sha256: try SHA256.of(bytes),
            byteCount: 200,
            peakDBFS: nil,
            droppedFrameCount: 0,
            gaps: []
        )
        let exports = destinations.map { destination in
            var outcome = ExportOutcome(exporter: "test", outcome: .deferred)
            outcome.destination = destination
            return outcome
        }
        let report = SessionReport(
            sessionID: "session \(number)",
            traceID: nil,
            spanID: nil,
            version: "1",
            startedAt: Timestamp.rfc3339(startedAt),
            endedAt: Timestamp.rfc3339(startedAt + 1),
            status: .deferred,
            recording: SessionReport.Recording(file),
            exports: exports,
            phases: []
        )
        _ = try folder.write(Data(try report.json().utf8), to: "state/recordings/\(name)/recording.wav.json")
        try database?.keep(
            StoredRecording(file),
            destinations.enumerated().map {
                Delivery(recordingID: id, ordinal: $0, exporter: "test", destination: $1)
            }
        )
        return file
    }

    func report(of file: FinishedRecording) -> SessionReport? { SessionReport(atPath: file.path + ".json") }
}
