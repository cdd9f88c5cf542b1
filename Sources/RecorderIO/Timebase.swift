internal import Audio
internal import Capture

/// Where moments, and a device's frames, lie on the file's timeline, in frames of the file (REC-1).
struct Timebase: Sendable {
    /// What the timeline is.
    enum Zero: Hashable, Sendable {
        /// The input device's own count of frames, so that its samples stay as they are.
        case device
        /// The host's clock since a moment: the recording's start.
        case host(HostTime)
        /// Every track's own count, for devices without a clock.
        case count
    }

    var zero: Zero
    /// The file's, in Hz.
    let rate: Int
    /// The input device's, as it is known now.
    var clock: DeviceClock?

    /// nil as long as the input device has not said anything.
    func place(of time: HostTime) -> Double? {
        switch zero {
        case .device, .count: clock?.frame(at: time)
        case .host(let start): time.seconds(since: start) * Double(rate)
        }
    }

    /// - Parameters:
    ///   - frame: of a device's track, silence counted in.
    ///   - device: the device's clock.
    ///   - isInput: whether it is the device whose count the timeline may be.
    func place(ofFrame frame: Int64, of device: DeviceClock, isInput: Bool) -> Double? {
        if zero == .count || (isInput && zero == .device) { return Double(frame) * Double(rate) / device.nominalRate }
        return device.hostTime(ofFrame: frame).flatMap { place(of: $0) }
    }
}
