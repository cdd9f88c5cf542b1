/// What is wrong with a device that seems to record (CAP-7).
public enum CaptureCondition: String, Hashable, Sendable, Codable, CaseIterable {
    /// Nothing arrives.
    case noFrames = "no_frames"
    /// Only zeros arrive: a microphone that is muted, or a channel that nothing is plugged into.
    case noSignal = "no_signal"
    /// The same sample arrives over and over, and it is not zero.
    case stuckSignal = "stuck_signal"
}

/// A stretch of a recording in which a condition held, from its very first frame on.
public struct ConditionPeriod: Hashable, Sendable, Codable {
    public var condition: CaptureCondition
    /// Position of the first frame, counted from the recording's start.
    public var firstFrame: Int64
    public var frameCount: Int64
    /// The channels concerned, counted from 1; nil for all of them.
    public var channels: [Int]?

    public init(condition: CaptureCondition, firstFrame: Int64, frameCount: Int64, channels: [Int]? = nil) {
        self.condition = condition
        self.firstFrame = firstFrame
        self.frameCount = frameCount
        self.channels = channels
    }

    enum CodingKeys: String, CodingKey {
        case condition, channels
        case firstFrame = "first_frame"
        case frameCount = "frames"
    }
}
