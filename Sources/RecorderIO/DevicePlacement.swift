internal import Audio

/// One of a session's tracks that comes from a device: its frames go to where its clock, or its count, says.
struct DevicePlacement: ~Copyable, Sendable {
    private let track: Int
    var device: DeviceTrack

    /// A lost device is known to be silent so much before the file would go on without it.
    private static let lostLeadNanoseconds: Int64 = 600_000_000

    init(track: Int, device: consuming DeviceTrack) {
        self.track = track
        self.device = device
    }

    /// Puts what the device has given, and its timeline is certain of, into its place.
    ///
    /// - Parameters:
    ///   - now: when the round began.
    ///   - heard: gets the frames that have been put, and where the track stood before them.
    /// - Returns: whether there was room for all of it.
    mutating func put(
        into mixer: inout TrackMixer,
        _ timebase: Timebase,
        now: HostTime,
        heard: (RawSpan, Int64) -> Void
    ) -> Bool {
        let isInput = track == SessionTracks.inputTrack
        let bytesPerFrame = device.format.bytesPerFrame
        let now = device.isLost ? HostTime(nanoseconds: now.nanoseconds + Self.lostLeadNanoseconds) : now
        while let step = device.nextStep(now: now, limit: .max) {
            switch step {
            case .frames(let count):
                guard let place = timebase.place(ofFrame: device.position, of: device.clock, isInput: isInput) else {
                    return false
                }
                let taken = device.takeFrames(atMost: count) { frames in
                    let position = mixer.position(track: track)
                    let taken = mixer.put(frames, track: track, at: place)
                    if taken > 0 { heard(frames.extracting(0..<taken * bytesPerFrame), position) }
                    return taken
                }
                guard taken > 0 else { return false }
            case .silence(let count, let cause):
                let end = device.position + count
                guard let place = timebase.place(ofFrame: end, of: device.clock, isInput: isInput) else { return false }
                mixer.leaveOut(track: track, until: place, cause)
                device.takeSilence(count)
            }
        }
        return true
    }
}
