import Capture
import Foundation
import Logging
import OTLP
import RecordingExport
import RecordingStore
import Session
import Tracing

/// Starts and closes one session again and again in a process of its own, and prints what the process then uses:
/// `SessionCycles DEVICE FOLDER COUNT`, a line `CYCLE THREADS DESCRIPTORS KILOBYTES` every hundred cycles.
@main
struct SessionCycles {
    struct Exporter: RecordingExporter {
        let name = "a"

        func export(_ recording: SessionRecording) async throws -> RecordingExportResult? {
            RecordingExportResult(recordingID: recording.recordingID)
        }
    }

    struct Surprise: Error { var what: String }

    static func main() async throws {
        let arguments = CommandLine.arguments
        let logger = Logger(label: "cycles") { _ in SwiftLogNoOpLogHandler() }
        let folder = arguments[2]
        let tracer = OTLPTracer(
            exporter: try JSONLinesFileExporter(path: "/dev/null"),
            resource: Resource(attributes: [:]),
            scope: InstrumentationScope(version: "1"),
            logger: logger
        )
        let options = SessionOptions(
            capture: CaptureOptions(deviceName: arguments[1]),
            place: .file(path: "\(folder)/take.wav"),
            durationSeconds: 0.01,
            version: "1"
        )
        let session = AgentSession(options, tracer: tracer, logger: logger)
        try await JobContext.run(id: "job") { _ in
            for cycle in 1...(Int(arguments[3]) ?? 1) {
                try await session.start(recordingExporters: [Exporter()])
                await session.recordingEnded()
                let report = await session.close()
                guard report?.status == .attached else { throw Surprise(what: "status in cycle \(cycle)") }
                guard ServiceContext.current == nil else { throw Surprise(what: "context after cycle \(cycle)") }
                for name in try FileManager.default.contentsOfDirectory(atPath: folder) {
                    try FileManager.default.removeItem(atPath: "\(folder)/\(name)")
                }
                if cycle % 100 == 0 { print(cycle, try usage()) }
            }
        }
        let flushed = await tracer.shutdown(timeout: .seconds(60))
        guard flushed == .complete else { throw Surprise(what: "spans were lost") }
    }

    private static func usage() throws -> String {
        let status = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
        func number(_ name: String) -> Substring {
            status.split(separator: "\n").first { $0.hasPrefix(name) }?.split(whereSeparator: \.isWhitespace)[1] ?? ""
        }
        let descriptors = try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count
        return "\(number("Threads:")) \(descriptors) \(number("VmRSS:"))"
    }
}
