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
/// `close` ends it in one fixed order, whatever fails on the way (SES-4), and tells what became of it. It may be started
/// again after that, or while it runs (SES-6).
public actor AgentSession {
    public nonisolated let id: String
    let options: SessionOptions
    private let tracer: any Tracer
    let logger: Logger
    var run: SessionRun?
    var recorder: RecorderIO?
    /// The job that this is the primary session of.
    private var job: JobContext?
    var exporters: [any RecordingExporter] = []
    private var callbacks: [SessionEndCallback] = []
    private var chatHistory: [UInt8]?
    private var isStarting = false
    /// Of the next file: names are never used twice.
    var fileNumber = 0
    /// The change to the next file that is under way.
    var fileChange: Task<RecorderError?, Never>?
    var end: Task<SessionReport, Never>?
    /// Files of this session that have ended while it goes on.
    var earlierEnds: [Task<SessionReport, Never>] = []
    var earlierGates: [ExportGate] = []
    /// Goes on in another file when the disk has ended one.
    private var fileWatch: Task<Void, Never>?
    /// Whether the run's file has ended, and no other has begun.
    var isBetweenFiles = false
    /// Of a recording that has some.
    var segments: SessionSegments?

    /// The session that the current task's span belongs to, and the context outside of it.
    @TaskLocal private static var enclosing: (id: String, outside: ServiceContext?)?

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
    public var progress: RecorderProgress? { recorder?.progress }

    /// What the device agreed to, and the file holds; nil where no recording is made.
    public var format: AudioFormat? { recorder?.format }

    /// Why a recording is not whole, once `close` has returned; nil if all are.
    public private(set) var failure: RecorderError?

    /// Starts recording, and the session's span.
    ///
    /// A session that was started before ends first: its recording is finalized and exported, its span ended. The next
    /// recording is another file, `NAME-01.wav` after `NAME.wav`, and the new span is no child of the old one (SES-6).
    ///
    /// - Parameters:
    ///   - record: false for a session without audio; its exporters run all the same (EXP-2). Not given, the primary
    ///     session is recorded, and another is not (SES-2).
    ///   - recordingExporters: called in this order when the session ends. They need a current `JobContext` (SES-3). Not
    ///     given, those of the earlier start stay.
    /// - Throws: before anything is claimed, or with everything given back: no file, no device, no span is left behind.
    public func start(
        record: Bool? = nil,
        recordingExporters: [any RecordingExporter]? = nil
    ) async throws(SessionError) {
        guard !isStarting else { throw .starting }
        isStarting = true
        defer { isStarting = false }
        let current = JobContext.current
        let exporters = recordingExporters ?? self.exporters
        guard options.segments == nil || options.uploader == nil else {
            throw .segments("the upload is of one file, so there can be no segments: leave out one of the two")
        }
        if !exporters.isEmpty, current == nil { throw .exportersNeedJob }
        let wasPrimary = current?.isPrimary(self) ?? true
        let isPrimary = current?.claimPrimary(self) ?? true
        guard isPrimary || (record != true && exporters.isEmpty) else { throw .notPrimary }

        await close()
        job?.endHeldSpan()

        let recordingID = Self.newID()
        var filePath: String?
        var started: RecorderIO?
        var files: SegmentFiles?
        if record ?? isPrimary {
            let path = path(of: recordingID)
            journal(recordingID, path, exporters)
            files = options.segments.map { segments in
                SegmentFiles(
                    of: recordingID,
                    manifestPath: path,
                    sessionID: id,
                    options: options,
                    name: segments.name,
                    exporterURLs: exporters.compactMap(\.destination)
                )
            }
            do throws(RecorderError) {
                try files?.claim()
                started = try RecorderIO(recorderOptions(path, recordingID, files), logger: logger)
                filePath = path
                fileNumber += 1
            } catch {
                files?.release()
                options.journal?.didNotBegin(recordingID)
                if !wasPrimary { current?.releasePrimary(self) }
                throw .recorder(error)
            }
        }
        recorder = started
        job = isPrimary ? current : nil
        self.exporters = exporters
        end = nil
        failure = nil
        earlierEnds = []
        earlierGates = []
        isBetweenFiles = false
        let enclosing = Self.enclosing
        let context = enclosing?.id == id ? enclosing?.outside : ServiceContext.current
        let run = newRun(recordingID, filePath, in: context ?? .topLevel)
        self.run = run
        segments = files.map { SessionSegments(run, manifest: $0.manifest, path: $0.manifestPath, logger: logger) }
        files?.setSpan(run.traceParent.headers)
        fileWatch = started.map { recorder in Task { await watchFiles(of: recorder) } }
    }

    /// Has `body` called with the report at each end of the session, after the exporters and before the span ends.
    ///
    /// Callbacks are called in the order in which they were added, each on a thread of its own and for at most
    /// `timeLimit`: one that throws, hangs or blocks keeps no other from its turn (SES-9). How each went is in the report
    /// that `close` returns. A callback must not wait for this session's `close` or `start`, which wait for it.
    public func onEnd(
        _ name: String,
        timeLimit: Duration = .seconds(300),
        _ body: @escaping @Sendable (SessionReport) async throws -> Void
    ) {
        callbacks.append(SessionEndCallback(name: name, timeLimit: timeLimit, body: body))
    }

    /// What was said in the session, as JSON, for the primary upload; nil for no transcript. Set it before `close`.
    public func setChatHistory(_ json: [UInt8]?) {
        chatHistory = json
    }

    /// Before the file is made, so that no file is ever without its session; the span follows in `newRun`.
    func journal(_ recordingID: String, _ path: String, _ exporters: [any RecordingExporter]) {
        var open = OpenRecording(
            recordingID: recordingID,
            sessionID: id,
            startedAt: Timestamp.now(),
            filePath: path,
            container: options.container,
            replacesFile: options.replacesFile,
            version: options.version
        )
        open.exporterURLs = exporters.compactMap(\.destination)
        if options.segments != nil { open.isManifest = true }
        options.journal?.began(open)
    }

    func newRun(
        _ recordingID: String,
        _ filePath: String?,
        in parent: ServiceContext
    ) -> SessionRun {
        let run = SessionRun(
            sessionID: id,
            recordingID: recordingID,
            options: options,
            jobID: job?.id,
            filePath: filePath,
            exporters: exporters,
            parent: parent,
            tracer: tracer,
            logger: logger
        )
        options.journal?.began(run.openRecording(recorder?.format))
        return run
    }

    static func newID() -> String { UUID().uuidString.lowercased() }

    /// Of its file, or of the manifest of its segments.
    func path(of recordingID: String) -> String {
        let (place, startedAt) = (options.place, Timestamp.compact(Timestamp.now()))
        let path = options.segments == nil ? place.filePath : place.manifestPath
        return path(recordingID, startedAt, options.container, fileNumber)
    }

    /// Waits until the recording ends by itself: at its length, or with the device's source.
    public func recordingEnded() async {
        _ = await recorder?.outcome()
    }

    /// Ends the recording with all that was captured before the call, and goes no further; `close` does the rest.
    public func stopRecording() async {
        _ = await recorder?.close(timeLimit: options.finalizeLimit)
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
        let task = Task { await finish(run) }
        end = task
        return await task.value
    }

    private func finish(_ known: SessionRun) async -> SessionReport {
        let begin = ContinuousClock.now
        let outcome = await recorder?.close(timeLimit: options.finalizeLimit)
        // Which file is the last is known once no other can begin.
        _ = await fileChange?.value
        await fileWatch?.value
        let run = self.run ?? known
        if let segments, let outcome { return await finish(run, segments, outcome, since: begin) }
        let report =
            if isBetweenFiles, let last = earlierEnds.popLast() {
                await run.add(outcome?.droppedFrameCount ?? 0, to: await last.value)
            } else {
                await report(endOf: run, outcome, since: begin, heldBy: job)
            }
        for earlier in earlierEnds { _ = await earlier.value }
        return report
    }

    private func finish(
        _ run: SessionRun,
        _ segments: SessionSegments,
        _ last: RecordingOutcome,
        since begin: ContinuousClock.Instant
    ) async -> SessionReport {
        await segments.take { last }
        let (outcome, ended) = await segments.finish(until: begin + (options.endLimit ?? run.exportLimit))
        // The manifest's own end has its time, whatever the segments took.
        return await report(endOf: run, outcome, ended, since: options.endLimit == nil ? .now : begin, heldBy: job)
    }

    /// Called where the job that this is the primary session of is over.
    func jobEnded(_ ended: JobContext) async {
        if job === ended { await close() }
    }

    /// The reports of all files but the last, in order, once each has been exported.
    public func earlierReports() async -> [SessionReport] {
        var reports: [SessionReport] = []
        for earlier in earlierEnds { reports.append(await earlier.value) }
        return reports
    }

    func report(
        endOf run: SessionRun,
        _ outcome: RecordingOutcome?,
        _ segments: EndedSegments? = nil,
        since begin: ContinuousClock.Instant,
        heldBy job: JobContext?
    ) async -> SessionReport {
        let (report, failure) = await run.end(
            outcome,
            segments,
            since: begin,
            chatHistory: chatHistory,
            callbacks: callbacks,
            heldBy: job
        )
        self.failure = self.failure ?? failure
        return report
    }

    /// Leaves out the exporters that have not delivered yet, now and at the end: they are reported as `deferred`. The
    /// recording is finalized all the same.
    public func skipExport() {
        for gate in earlierGates { gate.close() }
        run?.gate.close()
    }

    /// Runs `body` with the session's span as the current one, so that what it traces becomes part of the session. After
    /// it nothing of the session is current (SES-7).
    public func withSpan<Result: Sendable>(_ body: @Sendable () async throws -> Result) async rethrows -> Result {
        let outside = ServiceContext.current
        return try await Self.$enclosing.withValue((id, outside)) {
            try await ServiceContext.withValue(run?.span.context ?? outside, operation: body)
        }
    }
}
