import ArgumentParser
import Capture
import RecorderIO
import RecordingExport
import Session

/// The program's exit codes, after sysexits (CLI-3).
enum ExitStatus {
    static let delivered = ExitCode(0)
    static let usage = ExitCode(64)
    static let deviceUnavailable = ExitCode(69)
    static let cannotCreate = ExitCode(73)
    static let inputOutput = ExitCode(74)
    /// Recorded, but some export failed or was deferred.
    static let notDelivered = ExitCode(75)
    static let permission = ExitCode(77)
    static let configuration = ExitCode(78)

    /// For a start that failed.
    static func code(for error: SessionError) -> ExitCode {
        guard case .recorder(let error) = error else { return configuration }
        return switch error {
        case .capture(let error): code(for: error)
        // What the device or the container cannot do is asked for by an option, and the sentence says which.
        case .cannotHold, .channels, .noFeed, .triggerNeedsOneTrack: usage
        case .exists, .unfinishedExists, .inUse, .file: cannotCreate
        case .suspect, .encoder, .unfinished, .nothingLeft, .damaged, .notRecording: inputOutput
        case .resources: deviceUnavailable
        }
    }

    static func code(for error: CaptureError) -> ExitCode {
        switch error {
        case .noSuchDevice, .otherDevice, .busy, .device, .system: deviceUnavailable
        case .permission: permission
        case .notOffered: usage
        }
    }

    /// For a session that ran.
    static func code(for reports: [SessionReport], failed: Bool) -> ExitCode {
        if failed { return inputOutput }
        let deliveries = reports.flatMap(\.phases).filter { $0.phase == .upload || $0.phase == .export }
        return deliveries.allSatisfy { $0.outcome == .done } ? delivered : notDelivered
    }
}
