internal import Audio
internal import Capture
internal import FrameRing

/// A track that has been opened, with its ring: what its capture thread, or the application, has of it, and what the recorder
/// thread has.
struct OpenTrack: ~Copyable {
    let format: AudioFormat
    let card: SoundCard?
    /// Frames that come at once.
    let periodFrameCount: Int
    let control: CaptureControl
    /// Where the application feeds it.
    let feed: RingFeed?
    /// The capture thread's side of a device, which does not record before `CaptureLoop.start`.
    var capture: CaptureLoop?
    /// The recorder thread's side: of a device, or of what the application feeds.
    var device: DeviceTrack?
    var fed: FeedTrack?

    /// - Parameter wakeup: of the recorder thread.
    init(_ source: TrackSource, _ options: RecorderOptions, wakeup: Wakeup) throws(RecorderError) {
        switch source {
        case .device(let capture): try self.init(device: capture, options, wakeup)
        case .application(let format): try self.init(application: format, options, wakeup)
        }
    }

    private init(device options: CaptureOptions, _ recorder: RecorderOptions, _ wakeup: Wakeup) throws(RecorderError) {
        let device = try Self.device(options)
        let control = try RecorderError.needing { () throws(FrameRingError) in try CaptureControl() }
        let format = device.format
        let periodFrameCount = device.periodFrameCount
        // What an event may have before it waits in the ring as well.
        let ringSeconds = recorder.ringSeconds + (recorder.segments?.trigger?.preRollSeconds ?? 0)
        let ringFrameCount = max(Int(ringSeconds * Double(format.sampleRate)), 2 * periodFrameCount)
        // Every period may need a block of its own, and half a ring of short ones may come from odd reads.
        let blockCount = max(1024, 2 * ringFrameCount / periodFrameCount)
        let frames = try RecorderError.needing { () throws(FrameRingError) in
            try FrameRing(frameCapacity: ringFrameCount, bytesPerFrame: format.bytesPerFrame, wakeup: wakeup)
        }
        let blocks = try RecorderError.needing { () throws(FrameRingError) in
            try FrameRing(frameCapacity: blockCount, bytesPerFrame: CaptureBlock.byteCount)
        }
        self.format = format
        self.periodFrameCount = periodFrameCount
        self.control = control
        card = device.card
        feed = nil
        self.device = DeviceTrack(
            format: format,
            periodFrameCount: periodFrameCount,
            control: control,
            frames: frames.consumer,
            blocks: blocks.consumer
        )
        capture = CaptureLoop(
            device: device,
            options: options,
            frames: frames.producer,
            blocks: blocks.producer,
            control: control,
            frameLimit: recorder.frameLimit(atRate: format.sampleRate)
        )
    }

    private init(
        application format: AudioFormat,
        _ recorder: RecorderOptions,
        _ wakeup: Wakeup
    ) throws(RecorderError) {
        let control = try RecorderError.needing { () throws(FrameRingError) in try CaptureControl() }
        // A third more, for what stands before each piece of ten milliseconds.
        let byteCapacity = Int(recorder.ringSeconds * Double(format.sampleRate * format.bytesPerFrame) * 4 / 3)
        let ring = try RecorderError.needing { () throws(FrameRingError) in
            try FeedRing(byteCapacity: byteCapacity, wakeup: wakeup)
        }
        self.format = format
        self.control = control
        periodFrameCount = 0
        card = nil
        feed = ring.feed
        fed = .some(ring.track)
    }

    var periodSeconds: Double { Double(periodFrameCount) / Double(format.sampleRate) }

    private static func device(_ options: CaptureOptions) throws(RecorderError) -> ALSADevice {
        do throws(CaptureError) { return try ALSADevice(options) } catch { throw .capture(error) }
    }
}
