import ArgumentParser
import Audio
import Capture

/// `tapeline devices`: what can be recorded from.
struct DevicesCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "devices",
        abstract: "List the devices that ALSA knows, and what each offers.",
        discussion: """
            EXAMPLE:
              tapeline devices
            """
    )

    func run() throws {
        let devices: [DeviceDescription]
        do throws(CaptureError) {
            devices = try ALSADirectory.devices()
        } catch {
            StandardError.line("tapeline: \(error)")
            throw ExitStatus.code(for: error)
        }
        if devices.isEmpty { StandardError.line("tapeline: ALSA knows no device to record from: plug one in") }
        for device in devices {
            print(device.name)
            if !device.summary.isEmpty { print("    \(device.summary)") }
            if let problem = device.problem {
                print("    \(problem)")
            } else {
                print("    formats   \(device.sampleFormats.map(\.rawValue).joined(separator: " "))")
                print("    rates     \(device.sampleRates.map(String.init).joined(separator: " "))")
                print("    channels  \(device.channelCountsText)")
            }
        }
    }
}
