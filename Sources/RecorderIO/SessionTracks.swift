internal import Audio
internal import Capture
internal import FrameRing

/// A session's input and output as the recorder thread sees them: side by side on one timeline (REC-1).
///
/// The timeline is the input device's count of frames, so that its samples stay as they are; where the application feeds
/// the input, it is the host's clock since the recording's start. The recording ends where its input does.
struct SessionTracks: ~Copyable, Sendable {
    private var timebase: Timebase
    private var mixer: TrackMixer
    private var input: SessionTrack
    private var output: SessionTrack
    private let wakeup: Wakeup
    /// When the first round was.
    private var begin: HostTime?
    private var isPaceKnown = false
    private var toldDroppedFrameCount: Int64 = 0
    private var hasOutputEnded = false
    /// The file's length, once the input has ended.
    private var end: Int64?
    private(set) var isOver = false

    static let inputTrack = 0
    static let outputTrack = 1

    /// So long it is waited for the devices to show whether they have clocks.
    private static let paceSeconds = 2.0

    /// - Parameters:
    ///   - output: nil for a recording of the input alone.
    ///   - wakeup: of the tracks' rings.
    init(
        _ fileFormat: AudioFormat,
        _ input: consuming OpenTrack,
        _ output: consuming OpenTrack?,
        wakeup: Wakeup
    ) throws(RecorderError) {
        let isDevice = input.device != nil
        timebase = Timebase(zero: isDevice ? .device : .host(.now()), rate: fileFormat.sampleRate)
        self.wakeup = wakeup
        let periodSeconds = max(input.periodSeconds, output?.periodSeconds ?? 0)
        self.input = SessionTrack(input, isInput: true)
        self.output = SessionTrack(output, isInput: false)
        let sources = [self.input.source, self.output.source].compactMap(\.self)
        let delaySeconds = max(1, 2 * periodSeconds)
        mixer = try TrackMixer(fileFormat: fileFormat, tracks: sources, delaySeconds: delaySeconds)
    }

    /// Sleeps until one of the tracks has frames enough, or somebody wakes it (RING-4).
    mutating func waitForFrames(timeout: Duration) {
        let isInputAsleep = input.prepareToSleep()
        if output.prepareToSleep(), isInputAsleep { wakeup.wait(timeout: timeout) }
        input.awake()
        output.awake()
    }

    /// Takes the next block of a device, if there is one.
    mutating func acceptBlock() -> (news: DeviceTrack.News, isOutput: Bool)? {
        if let news = input.device?.device.acceptBlock() { return (news, false) }
        return output.device?.device.acceptBlock().map { ($0, true) }
    }

    // MARK: Rounds

    /// Puts all that the tracks have into its place, and tells how many frames of the file are ready.
    ///
    /// - Parameter heard: gets the input's frames, and their place in the file.
    mutating func readyFrameCount(now: HostTime, heard: (RawSpan, Int64) -> Void) -> Int64 {
        guard knowsPace(now) else { return 0 }
        put(now, heard)
        mixer.advanceClock(to: now)
        let isInputOverdue = end == nil && mixer.isOverdue(track: Self.inputTrack)
        let isOutputOverdue = !hasOutputEnded && mixer.isOverdue(track: Self.outputTrack)
        if isInputOverdue || isOutputOverdue {
            // What a device's timeline holds back must not make it late.
            if isInputOverdue { input.device?.device.release() }
            if isOutputOverdue { output.device?.device.release() }
            put(now, heard)
        }
        let ready = mixer.readyFrameCount()
        guard let end else { return ready }
        let rest = max(0, end - mixer.position)
        isOver = rest == 0 || (ready == 0 && hasOutputEnded)
        return min(ready, rest)
    }

    private mutating func put(_ now: HostTime, _ heard: (RawSpan, Int64) -> Void) {
        timebase.clock = input.device?.device.clock
        if end == nil, input.put(into: &mixer, track: Self.inputTrack, timebase, now: now, heard: heard) {
            end = mixer.position(track: Self.inputTrack)
            // The recording is over with it.
            output.control?.stop()
        }
        if !hasOutputEnded {
            hasOutputEnded = output.put(into: &mixer, track: Self.outputTrack, timebase, now: now) { _, _ in }
        }
        // Else the device's clock would be copied when it learns something next (PERF-5).
        timebase.clock = nil
    }

    /// Devices without a clock are placed by their count, which must be known before the first frame.
    private mutating func knowsPace(_ now: HostTime) -> Bool {
        guard !isPaceKnown else { return true }
        begin = begin ?? now
        let isLate = now.seconds(since: begin ?? now) > Self.paceSeconds || input.control?.isStopRequested == true
        guard isLate || (input.hasClock != nil && output.hasClock != nil) else { return false }
        isPaceKnown = true
        guard input.hasClock == false || output.hasClock == false else { return true }
        timebase.zero = .count
        guard var source = output.source else { return true }
        source.pace = .exact
        do throws(RecorderError) {
            try mixer.begin(source, track: Self.outputTrack)
        } catch {
            // No memory for another resampler: the one that follows a clock has none to follow, and does as well.
        }
        return true
    }

    // MARK: Out

    /// Lends frames of the file that are ready, and takes as many as `body` returns.
    mutating func takeFrames<Failure: Error>(
        atMost frameCount: Int64,
        _ body: (RawSpan) throws(Failure) -> Int
    ) throws(Failure) -> Int64 {
        Int64(try mixer.read(atMost: Int(min(frameCount, 1 << 30)), body))
    }

    /// Gaps in what has been taken and was not told of, by the file's positions.
    mutating func takeGaps() -> [Gap] { mixer.takeGaps() }

    /// Captured frames of both tracks that came too late, or found no room, and that this has not told of.
    mutating func takeDroppedFrameCount() -> Int64 {
        var count = mixer.counts(track: Self.inputTrack).droppedFrameCount
        if output.source != nil { count += mixer.counts(track: Self.outputTrack).droppedFrameCount }
        count += input.feed.look { $0.stream.droppedFrameCount } ?? 0
        count += output.feed.look { $0.stream.droppedFrameCount } ?? 0
        defer { toldDroppedFrameCount = count }
        return count - toldDroppedFrameCount
    }

    /// Why frames of the application's were not taken, once.
    mutating func takeRefusal() -> RecorderError? {
        defer {
            input.feed?.stream.refusal = nil
            output.feed?.stream.refusal = nil
        }
        return input.feed.look { $0.stream.refusal } ?? output.feed.look { $0.stream.refusal } ?? nil
    }

    /// Ends both tracks.
    func stop() {
        input.control?.stop()
        output.control?.stop()
    }

    /// Lets go of frames whose place is not certain, of devices whose ring is fuller than that.
    mutating func release(over fill: Double) {
        if input.fill > fill { input.device?.device.release() }
        if output.fill > fill { output.device?.device.release() }
    }

    var fill: Double {
        mutating get { max(input.fill, output.fill) }
    }

    var isMemoryLocked: Bool { input.isMemoryLocked && output.isMemoryLocked }

    var isInputLost: Bool { input.device.look { $0.device.isLost } ?? false }

    /// When the file's first frame was captured.
    var startTime: HostTime? {
        if case .host(let start) = timebase.zero { return start }
        return input.device.look { $0.device.startTime } ?? nil
    }

    /// The input device's rate in Hz by the host's clock, where it is known.
    var measuredRate: Double? { input.device.look { $0.device.clock.measuredRate } ?? nil }
}
