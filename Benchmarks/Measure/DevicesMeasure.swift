import Capture
import Logging
import RecorderIO

/// Several devices at once, each with a recorder of its own, in one process.
enum DevicesMeasure {
    /// Records each device to a WAV file of its own, `0.wav` and so on.
    static func run(_ devices: [String], seconds: Double, folder: String) async throws {
        let logger = Logger(label: "measure") { _ in SwiftLogNoOpLogHandler() }
        let recorders = try devices.enumerated().map { index, device in
            let options = RecorderOptions(
                capture: CaptureOptions(deviceName: device),
                filePath: "\(folder)/\(index).wav",
                replacesFile: true,
                recordingID: "measure-\(index)",
                durationSeconds: seconds
            )
            return try RecorderIO(options, logger: logger)
        }
        for recorder in recorders {
            if let error = await recorder.outcome()?.error { throw error }
        }
    }
}
