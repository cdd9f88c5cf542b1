import Audio
import Capture

/// Reads a started device to whatever ends it.
struct Reader: ~Copyable {
    enum Ending: Equatable {
        case ended
        case state(DeviceStatus.State)
    }

    private let device: ALSADevice

    init(_ options: CaptureOptions) throws {
        device = try ALSADevice(options)
        precondition(device.start())
    }

    func restart() -> Bool { device.start() }

    mutating func readAll() -> (bytes: [UInt8], ending: Ending) {
        var bytes: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 4096 * device.format.bytesPerFrame)
        while true {
            let status = device.status()
            guard status.state == .running || status.state == .draining else { return (bytes, .state(status.state)) }
            var span = piece.mutableSpan
            var raw = unsafe span.mutableBytes
            switch device.read(into: &raw, atMost: 4096) {
            case .frames(0): device.wait(event: -1, timeoutMilliseconds: 10)
            case .frames(let count): bytes += piece[..<(count * device.format.bytesPerFrame)]
            case .ended: return (bytes, .ended)
            case .interrupted: continue
            }
        }
    }
}
