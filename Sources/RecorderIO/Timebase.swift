internal import Audio
internal import Capture

/// Where a moment lies on the file's timeline, in frames of the file since its zero (REC-1).
enum Timebase: Hashable, Sendable {
    /// The timeline is the input device's own count of frames, so that its samples stay as they are.
    case device
    /// The timeline is the host's clock since the recording's start.
    case host(zero: HostTime)

    /// - Parameters:
    ///   - clock: the input device's; not used on the host's clock.
    ///   - rate: the file's, in Hz.
    /// - Returns: nil as long as the device has not said anything.
    func position(of time: HostTime, _ clock: DeviceClock?, rate: Int) -> Double? {
        switch self {
        case .device: clock?.frame(at: time)
        case .host(let zero):
            time.seconds(since: zero) * Double(rate)
        }
    }
}
