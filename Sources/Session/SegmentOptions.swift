public import RecorderIO

/// A session's recording in segments: where it is cut, and what the files are called (REC-10).
public struct SegmentOptions: Hashable, Sendable {
    /// Where it is cut; nil for events alone.
    public let segmentation: Segmentation?
    /// Records events only, each in segments of its own; nil records all.
    public let trigger: LevelTriggerOptions?
    public let name: SegmentName

    /// - Throws: `SessionError.segments` for a length that no segment can have, and for a level or times that no event can.
    public init(
        _ segmentation: Segmentation?,
        trigger: LevelTriggerOptions? = nil,
        name: SegmentName = SegmentName()
    ) throws(SessionError) {
        if let segmentation { try Self.check(segmentation) }
        if let trigger { try Self.check(trigger) }
        guard segmentation != nil || trigger != nil else {
            throw .segments("segments need a length or a trigger: give one of them")
        }
        self.segmentation = segmentation
        self.trigger = trigger
        self.name = name
    }

    private static func check(_ trigger: LevelTriggerOptions) throws(SessionError) {
        guard trigger.thresholdDBFS <= 0, trigger.thresholdDBFS >= -200 else {
            throw .segments("a level of \(trigger.thresholdDBFS) dBFS triggers nothing: give one from -200 to 0")
        }
        guard (0...600).contains(trigger.preRollSeconds) else {
            throw .segments("\(trigger.preRollSeconds) s before an event cannot be kept: give 0 to 600 s")
        }
        guard trigger.hangSeconds >= 0, trigger.hangSeconds < 1e9 else {
            throw .segments("an event cannot go on for \(trigger.hangSeconds) s after its last sound: give 0 s or more")
        }
    }

    private static func check(_ segmentation: Segmentation) throws(SessionError) {
        let seconds = segmentation.seconds
        guard seconds >= Segmentation.leastSeconds, seconds < 1e9 else {
            throw .segments("a segment cannot last \(seconds) s: give at least \(Segmentation.leastSeconds) s")
        }
        guard !segmentation.isAtClock || seconds <= Segmentation.secondsPerDay else {
            throw .segments("segments that begin at times of the day last 24 h at most: give a shorter length")
        }
    }
}
