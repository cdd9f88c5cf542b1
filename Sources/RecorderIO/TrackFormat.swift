internal import Audio

/// What a track's source gives, and by which clock.
struct TrackFormat: Hashable, Sendable {
    enum Pace: Hashable, Sendable {
        /// Places are exact: the source is the timeline, has its clock, or no clock at all.
        case exact
        /// The source has a clock of its own: places are smoothed measurements, and drift is followed.
        case measured
    }

    var audio: AudioFormat
    var pace: Pace
    /// Why frames are missing where nothing says so; nil for a track on which silence is as it should be.
    var holeCause: Gap.Cause?

    init(_ audio: AudioFormat, pace: Pace, holeCause: Gap.Cause? = nil) {
        self.audio = audio
        self.pace = pace
        self.holeCause = holeCause
    }
}

/// What became of a track's frames; all but `sourceFrameCount` at the file's rate (REC-2).
struct TrackCounts: Hashable, Sendable {
    /// Frames that were captured, at the rates of the track's sources.
    var sourceFrameCount: Int64 = 0
    /// Frames in the file that come from the source.
    var placedFrameCount: Int64 = 0
    /// Captured frames that came too late for their place.
    var droppedFrameCount: Int64 = 0
    /// Silence in the file that is no gap.
    var silentFrameCount: Int64 = 0
    var gapFrameCount: Int64 = 0

    var capturedFrameCount: Int64 { placedFrameCount + droppedFrameCount }
    /// The track's length in the file: captured + silent + gap - dropped.
    var frameCount: Int64 { placedFrameCount + silentFrameCount + gapFrameCount }
}
