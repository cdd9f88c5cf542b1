internal import Audio
internal import Capture

/// Where a moment lies on the file's timeline, in frames of the file since its zero (REC-1).
enum Timebase: Hashable, Sendable {
    /// The timeline is the input device's own count of frames, so that its samples stay as they are.
    case device
    /// The timeline is the host's clock since the recording's start.
    case host(zero: HostTime)

    /// - Parameters:
    ///   - input: the input device's clock; not used on the host's.
    ///   - rate: the file's, in Hz.
    /// - Returns: nil as long as the device has not said anything.
    func place(at time: HostTime, input: DeviceClock?, rate: Int) -> Double? {
        switch self {
        case .device: input?.frame(at: time)
        case .host(let zero): time.seconds(since: zero) * Double(rate)
        }
    }

    /// Where a frame of another device's lies; by its count where one of the two has no clock (CAP-4).
    ///
    /// - Parameter frame: silence on the device's track counted in.
    func place(ofFrame frame: Int64, of clock: DeviceClock, input: DeviceClock?, rate: Int) -> Double? {
        if clock.isFreeRunning || (self == .device && input?.isFreeRunning == true) {
            return Double(frame) * Double(rate) / clock.nominalRate
        }
        return clock.hostTime(ofFrame: frame).flatMap { place(at: $0, input: input, rate: rate) }
    }
}
