public import Audio
internal import Capture
internal import FrameRing
public import Logging
internal import Synchronization

/// Records one device, or a session's input and output side by side, to one file or to segments: capture threads, rings,
/// recorder thread, finalized recording.
///
/// It starts when it is made, and ends at `close`, at its length, or when the input's device ends. Its threads are the
/// operating system's own, so that no one else's tasks can delay them.
public final class RecorderIO: Sendable {
    /// What the device agreed to, and the file holds.
    public let format: AudioFormat
    private let control: CaptureControl
    private let outputControl: CaptureControl?
    private let shared: RecorderShared
    private let completion: Completion<RecordingOutcome>
    /// Where the application feeds the tracks.
    private let inputFeed: RingFeed?
    private let outputFeed: RingFeed?
    private let inputSide: InputSide?
    /// Wakes the recorder thread.
    private let waker: Wakeup
    /// What a disk that is full or fails does to the recording's files, and its seams, for one who listens. It ends with the
    /// recording.
    public let fileEvents: AsyncStream<FileEvent>

    /// Opens the device and the file, and starts recording.
    ///
    /// - Throws: an error of one sentence that names the fix; nothing is left behind then (SES-3).
    public init(_ options: RecorderOptions, logger: Logger) throws(RecorderError) {
        waker = try RecorderError.needing { () throws(FrameRingError) in try Wakeup() }
        var start = try RecorderStart(options, wakeup: waker)
        format = start.format
        control = start.control
        outputControl = start.outputControl
        let (fileEvents, eventSource) = AsyncStream.makeStream(of: FileEvent.self)
        self.fileEvents = fileEvents
        inputFeed = start.inputFeed
        outputFeed = start.outputFeed
        inputSide = start.inputFeed.map { InputSide($0) }
        shared = RecorderShared(
            eventSource,
            Finalizers(waker),
            outputSide: start.outputFeed.map { OutputSide($0, logger: logger) }
        )
        completion = Completion()
        try start.begin(options)
        let input = start.inputCapture.take()
        let output = start.outputCapture.take()
        let recorder = try RecorderLoop(
            options: options,
            format: start.format,
            card: start.card,
            control: start.control,
            shared: shared,
            logger: logger,
            tracks: start.tracks,
            frameLimit: options.frameLimit(atRate: start.format.sampleRate)
        )
        try launch(input, output, recorder)
    }

    private func launch(
        _ input: consuming CaptureLoop?,
        _ output: consuming CaptureLoop?,
        _ recorder: consuming RecorderLoop
    ) throws(RecorderError) {
        let completion = completion
        let shared = shared
        do throws(CaptureError) {
            let outputThread = try Self.thread("tapeline-output", output)
            let inputThread = try Self.thread("tapeline-input", input)
            _ = try RealtimeThread(name: "tapeline-file", owning: recorder) { loop in
                let outcome = loop.run()
                inputThread?.join()
                outputThread?.join()
                shared.fileEvents.finish()
                completion.complete(outcome)
            }
        } catch {
            stop()
            throw .capture(error)
        }
    }

    private static func thread(
        _ name: String,
        _ capture: consuming CaptureLoop?
    ) throws(CaptureError) -> RealtimeThread? {
        guard let capture = capture.take() else { return nil }
        return try RealtimeThread(name: name, owning: capture) { $0.run() }
    }

    /// Has the input that `source` gives recorded as it passes: the elements go on unchanged, in order, with the source's
    /// errors.
    ///
    /// Called again, it records the new source instead, and the one before goes on passing its frames, unrecorded.
    ///
    /// - Parameter clock: what the times in the elements are worth.
    /// - Throws: where the recording's input is not `TrackSource.application`.
    public func recordInput<Source: AsyncSequence>(
        _ source: Source,
        clock: FrameClock = .measured
    ) throws(RecorderError) -> RecordedInput<Source> where Source.Element == TimedFrames {
        guard let inputSide else { throw .noFeed(track: "input") }
        return inputSide.record(source, clock: clock)
    }

    /// Has what `sink` plays recorded: the result is a sink that passes everything on to it, and records of what it is given
    /// what is played, at the time at which it is.
    ///
    /// Called again, it records the new sink instead, and the one before goes on playing, unrecorded.
    ///
    /// - Throws: where the recording's output is not `TrackSource.application`.
    public func recordOutput(_ sink: some AudioSink) throws(RecorderError) -> RecordedOutput {
        guard let outputSide = shared.outputSide else { throw .noFeed(track: "output") }
        return outputSide.record(sink)
    }

    /// Ends all capture, with what has come until now.
    private func stop() {
        inputSide?.detach()
        shared.outputSide?.detach()
        inputFeed?.close()
        outputFeed?.close()
        control.stop()
        outputControl?.stop()
        waker.signal()
    }

    /// Ends the recording with all that was captured before the call, and finalizes it (REC-5).
    ///
    /// Idempotent, also concurrently: every call gets the same outcome.
    ///
    public func close(timeLimit: Duration = .seconds(30)) async -> RecordingOutcome {
        stop()
        let outcome = await PendingRecording(completion: completion).outcome(timeLimit: timeLimit)
        // Also where the thread that would do so waits for the disk.
        shared.nextFile.close()
        shared.fileEvents.finish()
        return outcome
    }

    /// Waits until the recording has ended by itself, or by `close` from elsewhere.
    public func outcome() async -> RecordingOutcome? { await completion.value() }

    /// Goes on in another file from now on, with no frame lost or doubled at the seam (CLI-1). `close` then ends that one.
    ///
    /// - Parameters:
    ///   - path: absolute path of the next file when it is finished.
    ///   - recordingID: a lower-case UUID.
    /// - Returns: the recording that ended.
    /// - Throws: where the next file cannot be made; the recording goes on in the old one then.
    public func startNextFile(path: String, recordingID: String) async throws(RecorderError) -> PendingRecording {
        let file = SegmentFile(path: path, recordingID: recordingID)
        return PendingRecording(completion: try await put(file, goesOn: false).ended)
    }

    /// Goes on in the next segment from now on, as `startNextFile` does; `RecorderSegments` names it.
    public func startNextSegment() async throws(RecorderError) -> PendingRecording {
        PendingRecording(completion: try await put(nil, goesOn: false).ended)
    }

    /// Goes on in another file after `FileEvent.room`. Frames that the ring could not hold meanwhile are among the dropped
    /// frames of that file.
    ///
    /// - Throws: where the file cannot be made; another `FileEvent.room` follows then.
    public func goOn(path: String, recordingID: String) async throws(RecorderError) {
        _ = try await put(SegmentFile(path: path, recordingID: recordingID), goesOn: true)
    }

    /// The same in the next segment; `RecorderSegments` names it.
    public func goOnInNextSegment() async throws(RecorderError) { _ = try await put(nil, goesOn: true) }

    private func put(_ file: SegmentFile?, goesOn: Bool) async throws(RecorderError) -> NextFile {
        let wish = NextFile(file: file, goesOn: goesOn)
        guard shared.nextFile.put(wish) else { throw .notRecording }
        waker.signal()
        if let started = await wish.started.value(), let error = started { throw error }
        return wish
    }

    /// How the recording goes.
    public var progress: RecorderProgress { shared.current }
}

/// The recorder's state as others see it.
final class RecorderShared: Sendable {
    let nextFile = NextFileSlot()
    let fileEvents: AsyncStream<FileEvent>.Continuation
    let finalizers: Finalizers
    /// Where the application's sink is recorded.
    let outputSide: OutputSide?
    private let progress = Mutex(RecorderProgress())

    init(
        _ fileEvents: AsyncStream<FileEvent>.Continuation,
        _ finalizers: Finalizers,
        outputSide: OutputSide?
    ) {
        self.outputSide = outputSide
        self.fileEvents = fileEvents
        self.finalizers = finalizers
    }

    func update(_ change: (inout RecorderProgress) -> Void) { progress.withLock { change(&$0) } }

    var current: RecorderProgress { progress.withLock { $0 } }
}
