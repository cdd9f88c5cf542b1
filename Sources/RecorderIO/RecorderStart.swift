internal import Audio
internal import Capture
internal import FrameRing

/// What a recording starts with: its tracks, opened as its options say. It claims devices, and no file.
struct RecorderStart: ~Copyable {
    /// Of the file: the input's, with the output's channels behind its own.
    let format: AudioFormat
    let card: SoundCard?
    let control: CaptureControl
    let outputControl: CaptureControl?
    let inputFeed: RingFeed?
    let outputFeed: RingFeed?
    var inputCapture: CaptureLoop?
    var outputCapture: CaptureLoop?
    var tracks: RecorderTracks

    /// - Parameter wakeup: of the recorder thread.
    init(_ options: RecorderOptions, wakeup: Wakeup) throws(RecorderError) {
        let isSession = options.output != nil
        if options.segments?.trigger != nil {
            guard case .device = options.input, !isSession else { throw .triggerNeedsOneTrack }
        }
        var input = try OpenTrack(Self.preferring(options.input, isSession ? 1 : nil), options, wakeup: wakeup)
        let rate = input.format.sampleRate
        var output: OpenTrack?
        if let source = options.output {
            output = try OpenTrack(Self.preferring(source, 1, rate: rate), options, wakeup: wakeup)
        }
        var format = input.format
        format.channelCount += output?.format.channelCount ?? 0
        try options.container.check(format)
        let liveness = Liveness(
            format: input.format,
            fileChannelCount: format.channelCount,
            periodFrameCount: input.periodFrameCount,
            limits: options.liveness,
            now: .now()
        )
        let (card, control, inputFeed) = (input.card, input.control, input.feed)
        let outputControl = output.look { $0.control }
        let outputFeed = output.look { $0.feed } ?? nil
        let inputCapture = input.capture.take()
        let outputCapture = output?.capture.take() ?? nil
        let isPlain = output == nil && input.fed == nil
        let tracks =
            if isPlain, let device = input.device.take() {
                RecorderTracks(device, liveness: liveness)
            } else {
                RecorderTracks(try SessionTracks(format, input, output, wakeup: wakeup), liveness: liveness)
            }
        self.format = format
        self.card = card
        self.control = control
        self.inputFeed = inputFeed
        self.outputControl = outputControl
        self.outputFeed = outputFeed
        self.inputCapture = inputCapture
        self.outputCapture = outputCapture
        self.tracks = tracks
    }

    /// Starts the devices.
    mutating func begin(_ options: RecorderOptions) throws(RecorderError) {
        // The output first: what it has before the input's first frame is left out, and none is missing.
        let isOutputOn = outputCapture?.start() ?? true
        guard isOutputOn, inputCapture?.start() ?? true else {
            let name = (isOutputOn ? options.input : options.output ?? options.input).deviceName
            throw .capture(.device(name: name, call: "snd_pcm_start", reason: "it did not start"))
        }
    }

    /// The source, with what it should be where nobody said otherwise and the device offers it.
    private static func preferring(_ source: TrackSource, _ channelCount: Int?, rate: Int? = nil) -> TrackSource {
        guard case .device(var capture) = source else { return source }
        capture.preferredChannelCount = capture.preferredChannelCount ?? channelCount
        capture.preferredSampleRate = capture.preferredSampleRate ?? rate
        return .device(capture)
    }
}
