public import Audio
internal import Capture
internal import FoundationEssentials
public import Logging
public import RecorderIO
public import RecordingExport
internal import RecordingStore
public import Tracing

/// One session: a recording from start to finalized file, its exporters, and its `agent_session` span.
///
/// `close` ends it in one fixed order, whatever fails on the way (SES-4), and tells what became of it.
public actor AgentSession {
    public nonisolated let id: String
    private let options: SessionOptions
    private let tracer: any Tracer
    private let logger: Logger
    private var run: SessionRun?
    private var end: Task<SessionReport, Never>?

    /// - Parameters:
    ///   - tracer: where the session's span goes.
    ///   - logger: told of gaps, lost devices and failed exporters.
    public init(_ options: SessionOptions, tracer: any Tracer = InstrumentationSystem.tracer, logger: Logger) {
        id = UUID().uuidString.lowercased()
        self.options = options
        self.tracer = tracer
        self.logger = logger
    }

    /// Where the recording is, or will be once it is finalized; nil where none is made.
    public var recordingPath: String? { run?.filePath }

    /// How the recording goes; nil where none is made.
    public var progress: RecorderProgress? { run?.recorder?.progress }

    /// What the device agreed to, and the file holds; nil where no recording is made.
    public var format: AudioFormat? { run?.recorder?.format }

    /// Why the recording is not whole, once `close` has returned; nil if it is.
    public private(set) var failure: RecorderError?

    /// Starts recording, and the session's span.
    ///
    /// - Parameters:
    ///   - record: false for a session without audio; its exporters run all the same (EXP-2).
    ///   - recordingExporters: called in this order when the session ends. They need a current `JobContext` (SES-3).
    /// - Throws: before anything is claimed, or with everything given back: no file, no folder, no device, no span is
    ///   left behind.
    public func start(record: Bool = true, recordingExporters: [any RecordingExporter] = []) throws(SessionError) {
        guard run == nil else { throw .running }
        let job = JobContext.current
        if !recordingExporters.isEmpty, job == nil { throw .exportersNeedJob }
        if let job, record || !recordingExporters.isEmpty, !job.mayBePrimary(self) { throw .notPrimary }
        let isPrimary = job?.claimPrimary(self) ?? true
        guard isPrimary || (!record && recordingExporters.isEmpty) else { throw .notPrimary }

        let recordingID = UUID().uuidString.lowercased()
        var recorder: RecorderIO?
        var filePath: String?
        if record {
            let startedAt = Timestamp.compact(Timestamp.now())
            let path = options.place.filePath(
                recordingID: recordingID,
                startedAt: startedAt,
                container: options.container
            )
            do throws(RecorderError) {
                recorder = try RecorderIO(recorderOptions(path, recordingID), logger: logger)
                filePath = path
            } catch {
                job?.releasePrimary(self)
                throw .recorder(error)
            }
        }
        end = nil
        run = SessionRun(
            sessionID: id,
            recordingID: recordingID,
            options: options,
            recorder: recorder,
            filePath: filePath,
            exporters: recordingExporters,
            tracer: tracer,
            logger: logger
        )
    }

    private func recorderOptions(_ path: String, _ recordingID: String) -> RecorderOptions {
        RecorderOptions(
            capture: options.capture,
            container: options.container,
            filePath: path,
            replacesFile: options.replacesFile,
            recordingID: recordingID,
            durationSeconds: options.durationSeconds
        )
    }

    /// Waits until the recording ends by itself: at its length, with the device's source, or by a full disk.
    public func recordingEnded() async {
        _ = await run?.recorder?.outcome()
    }

    /// Ends the recording with all that was captured before the call, and goes no further; `close` does the rest.
    public func stopRecording() async {
        _ = await run?.recorder?.close(timeLimit: options.finalizeLimit)
    }

    /// Ends the session: finalizes, exports, ends the span, and reports.
    ///
    /// Called again, also at the same time, it waits for the same end and returns the same report (SES-5). The end goes
    /// on if the caller is cancelled.
    ///
    /// - Returns: nil if the session was never started.
    @discardableResult
    public func close() async -> SessionReport? {
        if let end { return await end.value }
        guard let run else { return nil }
        let task = Task {
            let (report, failure) = await run.end()
            self.failure = failure
            return report
        }
        end = task
        return await task.value
    }

    /// Leaves out the exporters that have not delivered yet, now and at the end: they are reported as `deferred`. The
    /// recording is finalized all the same.
    public func skipExport() { run?.gate.close() }

    /// Runs `body` with the session's span as the current one, so that what it traces becomes part of the session. After
    /// it nothing of the session is current (SES-7).
    public func withSpan<Result: Sendable>(_ body: @Sendable () async throws -> Result) async rethrows -> Result {
        try await ServiceContext.withValue(run?.span.context ?? ServiceContext.current, operation: body)
    }
}
