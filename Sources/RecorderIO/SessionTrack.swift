internal import Audio

/// One of a session's tracks: from a device, or fed by the application, or neither where the session has none.
struct SessionTrack: ~Copyable, Sendable {
    var device: DevicePlacement?
    var feed: FeedPlacement?
    /// nil where there is no such track.
    let source: TrackFormat?
    /// Ends the device's capture, or the feeding.
    let control: CaptureControl

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

    var isMemoryLocked: Bool { device?.device.isMemoryLocked ?? feed?.isMemoryLocked ?? true }

    /// Whether the device has a clock, as a feed always has; nil while too little has been seen of it.
    var hasClock: Bool? {
        guard device != nil else { return true }
        return device?.device.hasClock
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
            let end = control.stopTime
            isOver = end != nil
            isWhole = feed?.put(into: &mixer, timebase, now: now, end: end, heard: heard) ?? true
        }
        guard isOver, isWhole else { return false }
        if source != nil { mixer.end(track: track) }
        return true
    }
}
