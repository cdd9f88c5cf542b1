public import Audio

/// What a device says of itself at one moment (CAP-4).
public struct DeviceStatus: Sendable {
    public enum State: Sendable {
        case running
        /// Its source has ended; the frames that wait are the last.
        case draining
        /// Its buffer overran: frames are lost.
        case overrun
        case suspended
        /// Unplugged, or so broken that only opening it anew can help.
        case lost
        /// Opened, but not started.
        case stopped
    }

    public var state: State
    /// Frames that wait in the device's buffer.
    public var waitingFrameCount: Int
    /// When `waitingFrameCount` was true, by the driver's own clock reading where it gives one.
    public var hostTime: HostTime

    public init(state: State, waitingFrameCount: Int, hostTime: HostTime) {
        self.state = state
        self.waitingFrameCount = waitingFrameCount
        self.hostTime = hostTime
    }
}

/// How a read ended.
public enum DeviceRead: Sendable {
    /// This many frames were written; 0 if none waited.
    case frames(Int)
    /// There will be no more: the source has ended.
    case ended
    /// Look at the state: something other than frames has happened.
    case interrupted
}
