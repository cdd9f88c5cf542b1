import Capture
import Foundation
import InMemoryTracing
import Logging
import RecorderIO
import RecordingStore
import Session
import TestSupport

/// What a session test needs: a folder of its own, a device, and a tracer that keeps its spans.
final class Stage: Sendable {
    let path: String
    let tracer = InMemoryTracer()

    init() throws {
        path = FileManager.default.temporaryDirectory.path + "/tapeline-\(UUID().uuidString.lowercased())"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    /// All names below the folder, sorted.
    var names: [String] { (try? FileManager.default.subpathsOfDirectory(atPath: path).sorted()) ?? [] }

    func options(
        file: String = "take.wav",
        device: String? = nil,
        container: Container = .wav,
        finalizeLimit: Duration = .seconds(600),
        endLimit: Duration = .seconds(600)
    ) -> SessionOptions {
        SessionOptions(
            capture: CaptureOptions(deviceName: device ?? Microphones.fixture("ramp-s16-2ch.wav")),
            container: container,
            place: .file(path: "\(path)/\(file)"),
            finalizeLimit: finalizeLimit,
            endLimit: endLimit,
            version: "1.2.3"
        )
    }

    func session(_ options: SessionOptions? = nil) -> AgentSession {
        AgentSession(
            options ?? self.options(),
            tracer: tracer,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        )
    }
}
