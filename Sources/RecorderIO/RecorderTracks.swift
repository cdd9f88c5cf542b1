internal import Audio
internal import Capture
internal import FrameRing

/// What the recorder thread writes: the frames of one device straight from its ring, or those of a session's tracks side by
/// side. It judges the input by its frames (CAP-7).
struct RecorderTracks: ~Copyable, Sendable {
    /// What a device said, of whom somebody must be told.
    enum News {
        case lost(isOutput: Bool)
        case back(isOutput: Bool)
    }

    private var device: DeviceTrack?
    private var session: SessionTracks?
    var liveness: Liveness

    init(_ device: consuming DeviceTrack, liveness: Liveness) {
        self.device = consume device
        self.liveness = liveness
    }

    init(_ session: consuming SessionTracks, liveness: Liveness) {
        self.session = consume session
        self.liveness = liveness
    }

    /// Sleeps until there are frames enough, or somebody wakes it (RING-4).
    mutating func waitForFrames(timeout: Duration) {
        device?.waitForFrames(timeout: timeout)
        session?.waitForFrames(timeout: timeout)
    }

    /// Takes the next block, and whether somebody must be told of it; nil where there is none.
    mutating func acceptBlock() -> News?? {
        guard let (news, isOutput) = session?.acceptBlock() ?? device?.acceptBlock().map({ ($0, false) }) else {
            return nil
        }
        switch news {
        case .arrived(let frameCount), .back(let frameCount):
            if !isOutput { liveness.arrive(frameCount, now: .now()) }
        case .lost, .over: break
        }
        return switch news {
        case .lost: .some(.lost(isOutput: isOutput))
        case .back: .some(.back(isOutput: isOutput))
        case .arrived, .over: .some(nil)
        }
    }

    /// What comes next, of at most `limit` frames.
    mutating func nextStep(now: HostTime, limit: Int64) -> TrackTimeline.Step? {
        guard limit > 0 else { return nil }
        guard session != nil else { return device?.nextStep(now: now, limit: limit) }
        let ready = session?.readyFrameCount(now: now) { liveness.accept($0, at: $1) } ?? 0
        return ready > 0 ? .frames(min(ready, limit)) : nil
    }

    /// Lends frames of the step that waits, and takes as many as `body` returns.
    mutating func takeFrames<Failure: Error>(
        atMost frameCount: Int64,
        _ body: (RawSpan) throws(Failure) -> Int
    ) throws(Failure) -> Int64 {
        guard session == nil else { return try session?.takeFrames(atMost: frameCount, body) ?? 0 }
        let place = device?.position ?? 0
        return try device?.takeFrames(atMost: frameCount) { (bytes) throws(Failure) in
            let taken = try body(bytes)
            liveness.accept(bytes, at: place)
            return taken
        } ?? 0
    }

    /// Shows `body` the frames that wait, each once, until it finds what it looks for; see `DeviceTrack`. Tracks of a session
    /// cannot be looked at so.
    mutating func look(now: HostTime, _ body: (RawSpan, Int64) -> Int64?) -> (found: Int64?, end: Int64) {
        device?.look(now: now, body) ?? (nil, 0)
    }

    /// Takes silence of the step that waits.
    mutating func takeSilence(_ frameCount: Int64) { device?.takeSilence(frameCount) }

    /// Gaps of single tracks in what has been taken, by the recording's positions.
    mutating func takeGaps() -> [Gap] { session?.takeGaps() ?? [] }

    /// Captured frames of single tracks that came too late, or found no room, since this was asked last.
    mutating func takeDroppedFrameCount() -> Int64 { session?.takeDroppedFrameCount() ?? 0 }

    /// Why frames of the application's were not taken, once.
    mutating func takeRefusal() -> RecorderError? { session?.takeRefusal() ?? nil }

    /// Lets go of frames whose place is not certain, where a ring is fuller than `fill`.
    mutating func release(over fill: Double) {
        if session == nil, self.fill > fill { device?.release() }
        session?.release(over: fill)
    }

    /// Ends all capture.
    func stop() { _ = session.look { $0.stop() } }

    /// How full the fullest ring is, 0 to 1.
    var fill: Double {
        mutating get {
            if session != nil { return session?.fill ?? 0 }
            return device?.fill ?? 0
        }
    }

    /// Whether there will be no more frames.
    var isOver: Bool { session.look { $0.isOver } ?? device.look { $0.isOver } ?? true }

    /// Whether the input is a device that is gone.
    var isLost: Bool { session.look { $0.isInputLost } ?? device.look { $0.isLost } ?? false }

    var isMemoryLocked: Bool { session.look { $0.isMemoryLocked } ?? device.look { $0.isMemoryLocked } ?? true }

    /// When the first frame was captured.
    var startTime: HostTime? { session.look { $0.startTime } ?? device.look { $0.startTime } ?? nil }

    /// The input device's rate in Hz by the host's clock, where it is known.
    var measuredRate: Double? { session.look { $0.measuredRate } ?? device.look { $0.clock.measuredRate } ?? nil }
}
