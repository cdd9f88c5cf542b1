internal import Audio
internal import FrameRing

/// Puts tracks side by side on one timeline: the file's channels are the first track's, then the second's, and so on; nothing
/// is ever remixed (REC-1).
///
/// Tracks give their frames with the place of the first, in frames of the file, each at its own pace; `read` gives the file's
/// frames once every track is certain of them. A track that is silent or stuck delays the others by a second at most (REC-3):
/// then the file goes on without it, and what it brings later is late. Memory is fixed once it is made (PERF-5). A pure value,
/// driven by what it is given alone.
///
/// In each round: put all that the tracks have, `advanceClock`, and for a track that `isOverdue` all that it held back;
/// then `readyFrameCount`, and `read` so many.
struct TrackMixer: ~Copyable, Sendable {
    /// The file's.
    let format: AudioFormat
    private var pane: FramePane
    private var lanes: [TrackLane] = []
    private var patience: Patience
    private(set) var readyPosition: Int64 = 0

    /// How much of the file can wait for a track, beyond what the tracks may delay it by.
    private static let slackSeconds = 1.0

    /// - Parameters:
    ///   - fileFormat: has as many channels as the tracks together.
    ///   - delaySeconds: by how much a track may delay the file; more than a second only for a device that gives its frames
    ///     more seldom.
    init(fileFormat: AudioFormat, tracks: [TrackFormat], delaySeconds: Double = 1) throws(RecorderError) {
        precondition(tracks.reduce(0) { $0 + $1.audio.channelCount } == fileFormat.channelCount)
        format = fileFormat
        // What a resampler holds, 48 frames of the lower rate, is little beside that.
        let frameCapacity = Int((delaySeconds + Self.slackSeconds) * Double(fileFormat.sampleRate))
        pane = FramePane(format: fileFormat, frameCapacity: frameCapacity)
        patience = Patience(seconds: delaySeconds)
        var channel = 0
        lanes.reserveCapacity(tracks.count)
        for track in tracks {
            lanes.append(try TrackLane(fileFormat: fileFormat, channel: channel, source: track))
            channel += track.audio.channelCount
        }
    }

    /// What its memory takes, the resamplers' apart.
    var byteCount: Int { pane.byteCount }

    // MARK: In

    /// Goes on with another source for a track, of as many channels; what the last one gave is placed to its end.
    mutating func begin(_ source: TrackFormat, track: Int) throws(RecorderError) {
        try lanes[track].begin(source, &pane)
    }

    /// Takes whole frames of a track's source, whose first belongs at `place`; what lies before 0 is left out. A track that
    /// has ended takes no more until another source begins.
    ///
    /// - Returns: how many it took, those included that were late; fewer than all where there is no more room, until the
    ///   file's frames have been read.
    mutating func put(_ frames: RawSpan, track: Int, at place: Double) -> Int {
        lanes[track].put(frames, at: place, &pane)
    }

    /// Notes that a track has no frames up to `place`, and why they are missing; no cause where it is silent as it should be.
    mutating func leaveOut(track: Int, until place: Double, _ cause: Gap.Cause? = nil) {
        lanes[track].leaveOut(until: place, cause, &pane)
    }

    /// Notes that a track's source gives no more.
    mutating func end(track: Int) { lanes[track].end(&pane) }

    // MARK: Out

    /// Lets time pass: once in a round, after all tracks' frames have been put.
    mutating func advanceClock(to now: HostTime) {
        patience.advance(to: now, leader: leader)
    }

    /// Whether the file will go on without the track's next frames unless they come now.
    func isOverdue(track: Int) -> Bool { !lanes[track].isEnded && lanes[track].position < patience.position }

    /// How many frames of the file can be read.
    mutating func readyFrameCount() -> Int64 {
        for index in lanes.indices where isOverdue(track: index) { lanes[index].pass(to: patience.position, &pane) }
        var ready = Int64.max
        for lane in lanes where !lane.isEnded { ready = min(ready, lane.position) }
        if ready == .max { ready = leader }
        for index in lanes.indices where lanes[index].isEnded { lanes[index].pad(to: ready) }
        readyPosition = max(readyPosition, ready)
        return readyPosition - pane.start
    }

    /// Lends frames of the file that are ready, at most `frameCount` and those that lie in one piece, and takes out as many
    /// as `body` returns; 0 without a call where none are.
    mutating func read<Failure: Error>(
        atMost frameCount: Int,
        _ body: (RawSpan) throws(Failure) -> Int
    ) throws(Failure) -> Int {
        let count = min(Int64(frameCount), readyPosition - pane.start)
        guard count > 0 else { return 0 }
        return try pane.read(atMost: Int(count), body)
    }

    /// The file's frames that have been read.
    var position: Int64 { pane.start }

    /// The furthest of the tracks.
    private var leader: Int64 {
        var leader: Int64 = 0
        for lane in lanes { leader = max(leader, lane.position) }
        return leader
    }

    /// Gaps in what has been read and was not told of, by the file's positions. One that goes on is told of in parts.
    mutating func takeGaps() -> [Gap] {
        var taken: [Gap] = []
        for index in lanes.indices { lanes[index].takeGaps(before: pane.start, into: &taken) }
        taken.sort { $0.firstFrame < $1.firstFrame }
        return taken
    }

    func counts(track: Int) -> TrackCounts { lanes[track].counts }

    /// Up to where a track is certain, in frames of the file.
    func position(track: Int) -> Int64 { lanes[track].position }

    func isResampled(track: Int) -> Bool { lanes[track].isResampled }

    /// How much more than by its nominal rate the track is played out, in parts per million, as learnt by now.
    func driftPPM(track: Int) -> Double { lanes[track].drift * 1e6 }
}
