internal import Audio

/// One of a session's tracks: from a device, or fed by the application, or neither where the session has none.
struct SessionTrack: ~Copyable, Sendable {
    var device: DevicePlacement?
    var feed: FeedPlacement?
    /// nil where there is no such track.
    let source: TrackFormat?
    /// Ends the device's capture, or the feeding.
    let control: CaptureControl?

    /// - Parameter open: nil for a session without that track.
    init(_ open: consuming OpenTrack?, isInput: Bool) {
        guard var open = open.take() else {
            source = nil
            control = nil
            return
        }
        control = open.control
        let track = isInput ? SessionTracks.inputTrack : SessionTracks.outputTrack
        let isDevice = open.device != nil
        // The input device is the timeline; another one has a clock of its own. Silence is a gap but on an output that the
        // application feeds.
        let source = TrackFormat(
            open.format,
            pace: isDevice && !isInput ? .measured : .exact,
            holeCause: isInput || isDevice ? .unreported : nil
        )
        self.source = source
        if let device = open.device.take() { self.device = DevicePlacement(track: track, device: device) }
        if let fed = open.fed.take() {
            let stream = FeedStream(track: track, source: source, pauseCause: isInput ? .paused : nil)
            feed = FeedPlacement(fed, stream)
        }
    }

    mutating func prepareToSleep() -> Bool {
        if device != nil { return device?.device.prepareToSleep() ?? true }
        return feed?.prepareToSleep() ?? true
    }

    mutating func awake() {
        device?.device.awake()
        feed?.awake()
    }

    /// How full its ring is, 0 to 1.
    var fill: Double {
        mutating get {
            if device != nil { return device?.device.fill ?? 0 }
            return feed?.fill ?? 0
        }
    }

    var isMemoryLocked: Bool {
        device.look { $0.device.isMemoryLocked } ?? feed.look { $0.isMemoryLocked } ?? true
    }

    /// Whether the device has a clock, as a feed always has; nil while too little has been seen of it.
    var hasClock: Bool? {
        guard let known = device.look({ $0.device.hasClock }) else { return true }
        return known
    }

    /// Puts what it has into its place; where it has given all that it will, it ends.
    ///
    /// - Returns: whether it has ended.
    mutating func put(
        into mixer: inout TrackMixer,
        track: Int,
        _ timebase: Timebase,
        now: HostTime,
        heard: (RawSpan, Int64) -> Void
    ) -> Bool {
        var isWhole = true
        var isOver = true
        if device != nil {
            isOver = device?.device.isOver ?? true
            isWhole = device?.put(into: &mixer, timebase, now: now, heard: heard) ?? true
        } else if feed != nil {
            let end = control?.stopTime
            isOver = end != nil
            isWhole = feed?.put(into: &mixer, timebase, now: now, end: end, heard: heard) ?? true
        }
        guard isOver, isWhole else { return false }
        if source != nil { mixer.end(track: track) }
        return true
    }
}
