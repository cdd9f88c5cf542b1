public import Capture

/// Why a device does not play. Each description is one sentence that names the fix.
public struct PlaybackError: Error, Hashable, Sendable {
    public let deviceName: String
    public let cause: CaptureError

    public init(deviceName: String, cause: CaptureError) {
        self.deviceName = deviceName
        self.cause = cause
    }

    /// True if the same call may work later, without any change by the user.
    public var isRetryable: Bool { cause.isRetryable }
}

extension PlaybackError: CustomStringConvertible {
    public var description: String {
        switch cause {
        case .noSuchDevice(let name, let reason), .otherDevice(let name, let reason):
            "cannot play on \(name) (\(reason)): name a device from 'aplay -L', and plug it in"
        case .busy(let name):
            "\(name) is in use by another program: stop that program, or name another device"
        case .notOffered(let name, let asked, let offered, _):
            "\(name) does not play \(asked) (it plays \(offered)): \(Self.advice(name))"
        case .permission, .device, .system:
            cause.description
        }
    }

    private static func advice(_ name: String) -> String {
        guard name.hasPrefix("hw:") else { return "convert the audio before, or name a device that converts" }
        return "convert the audio before, or name plug\(name), which converts"
    }
}
