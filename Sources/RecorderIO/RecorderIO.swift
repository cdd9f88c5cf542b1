public import Audio
internal import Capture
internal import FrameRing
public import Logging
internal import Synchronization

/// Records one device to one file: capture thread, ring, recorder thread, finalized recording.
///
/// It starts at `start`, and ends at `close`, at its length, or when the device's source ends. Both threads are the
/// operating system's own, so that no one else's tasks can delay them.
public final class RecorderIO: Sendable {
    /// What the device agreed to, and the file holds.
    public let format: AudioFormat
    private let control: CaptureControl
    private let shared: RecorderShared
    private let completion: Completion<RecordingOutcome>
    /// Wakes the recorder thread.
    private let waker: Wakeup
    /// What a disk that is full or fails does to the recording's files, for one who listens. It ends with the recording.
    public let fileEvents: AsyncStream<FileEvent>

    /// Opens the device and the file, and starts recording.
    ///
    /// - Throws: an error of one sentence that names the fix; nothing is left behind then (SES-3).
    public init(_ options: RecorderOptions, logger: Logger) throws(RecorderError) {
        let device = try Self.device(options.capture)
        format = device.format
        try options.container.check(format)
        let rate = Double(format.sampleRate)
        let frameLimit = options.durationSeconds.map { Int64(($0 * rate).rounded()) }
        let periodFrameCount = device.periodFrameCount
        let ringFrameCount = max(Int(options.ringSeconds * rate), 2 * device.periodFrameCount)
        // Every period may need a block of its own, and half a ring of short ones may come from odd reads.
        let blockCount = max(1024, 2 * ringFrameCount / periodFrameCount)
        let frames = try Self.ring(frameCapacity: ringFrameCount, bytesPerFrame: format.bytesPerFrame)
        let blocks = try Self.ring(frameCapacity: blockCount, bytesPerFrame: CaptureBlock.byteCount)
        control = try Self.control()
        waker = frames.consumer.waker
        let (fileEvents, eventSource) = AsyncStream.makeStream(of: FileEvent.self)
        self.fileEvents = fileEvents
        shared = RecorderShared(eventSource)
        completion = Completion()

        guard device.start() else {
            throw .capture(.device(name: device.name, call: "snd_pcm_start", reason: "it did not start"))
        }
        let recorder = try RecorderLoop(
            options: options,
            format: format,
            card: device.card,
            periodFrameCount: periodFrameCount,
            control: control,
            shared: shared,
            logger: logger,
            frames: frames.consumer,
            blocks: blocks.consumer,
            frameLimit: frameLimit
        )
        let capture = CaptureLoop(
            device: device,
            options: options.capture,
            frames: frames.producer,
            blocks: blocks.producer,
            control: control,
            frameLimit: frameLimit
        )
        try launch(capture, recorder)
    }

    private func launch(
        _ capture: consuming CaptureLoop,
        _ recorder: consuming RecorderLoop
    ) throws(RecorderError) {
        let completion = completion
        let shared = shared
        do throws(CaptureError) {
            let captureThread = try RealtimeThread(name: "tapeline-input", owning: capture) { $0.run() }
            _ = try RealtimeThread(name: "tapeline-file", owning: recorder) { loop in
                let outcome = loop.run()
                captureThread.join()
                shared.fileEvents.finish()
                completion.complete(outcome)
            }
        } catch {
            control.stop()
            throw .capture(error)
        }
    }

    /// Ends the recording with all that was captured before the call, and finalizes it (REC-5).
    ///
    /// Idempotent, also concurrently: every call gets the same outcome.
    ///
    public func close(timeLimit: Duration = .seconds(30)) async -> RecordingOutcome {
        control.stop()
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
        PendingRecording(completion: try await put(path, recordingID, goesOn: false).ended)
    }

    /// Goes on in another file after `FileEvent.room`. Frames that the ring could not hold meanwhile are among the dropped
    /// frames of that file.
    ///
    /// - Throws: where the file cannot be made; another `FileEvent.room` follows then.
    public func goOn(path: String, recordingID: String) async throws(RecorderError) {
        _ = try await put(path, recordingID, goesOn: true)
    }

    private func put(_ path: String, _ recordingID: String, goesOn: Bool) async throws(RecorderError) -> NextFile {
        let wish = NextFile(path: path, recordingID: recordingID, goesOn: goesOn)
        guard shared.nextFile.put(wish) else { throw .notRecording }
        waker.signal()
        if let started = await wish.started.value(), let error = started { throw error }
        return wish
    }

    /// How the recording goes.
    public var progress: RecorderProgress { shared.current }

    // MARK: Errors of one kind

    private static func device(_ options: CaptureOptions) throws(RecorderError) -> ALSADevice {
        do throws(CaptureError) { return try ALSADevice(options) } catch { throw .capture(error) }
    }

    private static func ring(frameCapacity: Int, bytesPerFrame: Int) throws(RecorderError) -> FrameRing {
        do throws(FrameRingError) {
            return try FrameRing(frameCapacity: frameCapacity, bytesPerFrame: bytesPerFrame)
        } catch {
            throw .resources(reason: error.description)
        }
    }

    private static func control() throws(RecorderError) -> CaptureControl {
        do throws(FrameRingError) { return try CaptureControl() } catch {
            throw .resources(reason: error.description)
        }
    }
}

/// The recorder's state as others see it.
final class RecorderShared: Sendable {
    let nextFile = NextFileSlot()
    let fileEvents: AsyncStream<FileEvent>.Continuation
    private let progress = Mutex(RecorderProgress())

    init(_ fileEvents: AsyncStream<FileEvent>.Continuation) {
        self.fileEvents = fileEvents
    }

    func update(_ change: (inout RecorderProgress) -> Void) { progress.withLock { change(&$0) } }

    var current: RecorderProgress { progress.withLock { $0 } }
}
