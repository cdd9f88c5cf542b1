internal import Audio

/// What the host times of a track's frames are worth.
public enum FrameClock: Int64, Sendable {
    /// They are counted: each follows from the one before and the nominal rate.
    case exact = 0
    /// They are read from a device, or a network, with a clock of its own: uneven, and drifting.
    case measured = 1
}

/// Where a track's frames go: into the recording, each at its time.
///
/// Calls are copied before they return, and never wait for the recorder.
protocol TrackFeed: Sendable {
    /// Frames of which the first was captured, or played, at `hostTime`: whole ones, of any format.
    func put(_ bytes: RawSpan, _ format: AudioFormat, at hostTime: HostTime, clock: FrameClock)

    /// The track says nothing from `hostTime` on, until there are frames again: those are a new stream, that does not
    /// follow on what was before.
    func pause(at hostTime: HostTime)

    /// From `hostTime` on there may be frames again, that will be put in a little later: what writes the file waits for
    /// them (REC-3).
    func resume(at hostTime: HostTime)
}
