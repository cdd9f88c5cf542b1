/// Frames that were lost on the way, kept as silence in the recording at their exact length (CAP-5).
public struct Gap: Hashable, Sendable, Codable {
    /// Why the frames are missing.
    public enum Cause: String, Hashable, Sendable, Codable, CaseIterable {
        /// The device's buffer overran.
        case xrun
        /// The system slept.
        case suspend
        /// The recorder's ring was full until the device overran.
        case ringFull = "ring_full"
        /// The device was unplugged.
        case deviceLost = "device_lost"
        /// Recording was paused on request.
        case paused
        /// The driver lost frames and did not say so; found by the clock.
        case unreported
    }

    /// Position of the first silent frame, counted from the recording's start.
    public var firstFrame: Int64
    /// How many frames are silent.
    public var frameCount: Int64
    public var cause: Cause
    /// The channels concerned, counted from 1; nil for all of them.
    public var channels: [Int]?

    public init(firstFrame: Int64, frameCount: Int64, cause: Cause, channels: [Int]? = nil) {
        self.firstFrame = firstFrame
        self.frameCount = frameCount
        self.cause = cause
        self.channels = channels
    }

    enum CodingKeys: String, CodingKey {
        case firstFrame = "first_frame"
        case frameCount = "frames"
        case cause, channels
    }
}

extension [Gap] {
    /// Lists a gap behind those that are listed; one that goes on where the last of the same channels ended, for the same
    /// cause, is the same.
    ///
    /// - Returns: whether it is a gap of its own.
    @discardableResult
    public mutating func list(_ gap: Gap) -> Bool {
        if let index = lastIndex(where: { $0.channels == gap.channels }), self[index].cause == gap.cause,
            self[index].firstFrame + self[index].frameCount == gap.firstFrame
        {
            self[index].frameCount += gap.frameCount
            return false
        }
        append(gap)
        return true
    }
}
