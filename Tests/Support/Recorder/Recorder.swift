import Capture
import Foundation
import Logging
import OTLP
import RecorderIO
import RecordingExport
import RecordingStore
import Session
import Tracing

@main
struct Recorder {
    static func main() async throws {
        let environment = ProcessInfo.processInfo.environment
        let folder = environment["RECORDER_FOLDER"] ?? "/var/lib/recorder"
        let logger = Logger(label: "recorder")
        // Spans go where the OTEL_* variables say, else into this file.
        let telemetry = OTLPConfiguration(
            environment: environment,
            spansFilePath: "\(folder)/spans.jsonl",
            version: "1.0",
            logger: logger
        )
        let tracer = try telemetry.makeTracer()
        let options = SessionOptions(
            capture: CaptureOptions(deviceName: environment["RECORDER_DEVICE"] ?? "default"),
            container: .oggOpus,
            place: .directory(path: folder),
            durationSeconds: 5,
            version: "1.0"
        )
        let archive = ArchiveExporter(folder: environment["RECORDER_ARCHIVE"] ?? "/srv/archive")

        // A TRACEPARENT in the environment makes the session's span a child of whoever started this program.
        try await ServiceContext.withValue(telemetry.parent) {
            try await JobContext.run(id: "visit 1") { _ in
                let session = AgentSession(options, tracer: tracer, logger: logger)
                try await session.start(recordingExporters: [archive])
                await session.withSpan {
                    // What is traced here belongs to the session.
                    let greeting = tracer.startSpan("greeting")
                    await session.recordingEnded()
                    greeting.end()
                }
                // Finalized, exported, and on the span.
                if let report = await session.close() { print(try report.json(), terminator: "") }
            }
        }
        _ = await tracer.shutdown(timeout: .seconds(10))
    }
}
