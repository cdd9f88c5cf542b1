internal import Audio
internal import Capture

/// When the frames of an application were heard, or played, as it says with each block of them (REC-1).
///
/// Times that are exact stand as they are. Measured ones are as uneven as the machine: they become a clock, of which they are
/// late readings, until one is further away than `discontinuitySeconds`: there the frames do not follow on each other.
struct PlacedTimeline: Sendable {
    static let discontinuitySeconds = 0.020

    private let isExact: Bool
    private var clock: DeviceClock
    private var frameCount: Int64 = 0

    init(_ source: TrackFormat) {
        isExact = source.pace == .exact
        clock = DeviceClock(nominalRate: source.audio.sampleRate)
    }

    /// Takes the time at which the next frame was heard or played as the source has it, and gives the time to place it by.
    mutating func accept(_ time: HostTime) -> HostTime {
        guard !isExact else { return time }
        let lateness = clock.lateness(ofFrame: frameCount, at: time)
        if let lateness, abs(lateness - clock.usualLateness) > Self.discontinuitySeconds {
            clock.restart(frameCount: frameCount, at: time)
        } else {
            clock.observe(frameCount: frameCount, at: time)
        }
        return clock.hostTime(ofFrame: frameCount) ?? time
    }

    /// Goes on behind so many frames.
    mutating func advance(by count: Int) { frameCount += Int64(count) }
}
