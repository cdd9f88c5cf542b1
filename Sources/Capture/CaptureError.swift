/// What can go wrong between a microphone and its frames. Each description is one sentence that names the fix.
public enum CaptureError: Error, Hashable, Sendable {
    /// There is no such device, or it is unplugged.
    case noSuchDevice(name: String, reason: String)
    /// The device that was lost is away, and its name is another one's now.
    case otherDevice(name: String, lost: String)
    /// Another program holds it.
    case busy(name: String)
    case permission(name: String)
    /// The device does not offer what was asked for; `option` is what to change.
    case notOffered(name: String, asked: String, offered: String, option: String)
    /// ALSA refused a call that should work on any device.
    case device(name: String, call: String, reason: String)
    case system(call: String, code: Int32)

    /// True if the same call may work later, without any change by the user.
    public var isRetryable: Bool {
        switch self {
        case .noSuchDevice, .otherDevice, .busy, .device: true
        case .permission, .notOffered, .system: false
        }
    }
}

extension CaptureError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .noSuchDevice(let name, let reason):
            "cannot open \(name) (\(reason)): choose a device from 'tapeline devices' with --device"
        case .otherDevice(let name, let lost):
            "\(name) is another device now: plug \(lost) in again"
        case .busy(let name):
            "\(name) is in use by another program: stop that program, or choose another device with --device"
        case .permission(let name):
            "no permission to open \(name): add this user to the group 'audio'"
        case .notOffered(let name, let asked, let offered, let option):
            "\(name) does not offer \(asked) (it offers \(offered)): \(Self.advice(name: name, option: option))"
        case .device(let name, let call, let reason):
            "\(name) failed in \(call) (\(reason)): check the device and its ALSA configuration"
        case .system(let call, let code):
            "\(call) failed with error \(code): check the limits of this process"
        }
    }

    private static func advice(name: String, option: String) -> String {
        guard name.hasPrefix("hw:") else { return "use \(option)" }
        return "use \(option), or plug\(name) to convert"
    }
}
