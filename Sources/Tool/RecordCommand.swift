import ArgumentParser
import Audio
import Capture
import FoundationEssentials
import Logging
import OTLP
import RecorderIO
import RecordingExport
import RecordingStore
import Session
import Tracing

/// `tapeline record`: the main job.
struct RecordCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "record",
        abstract: "Record a microphone until told to stop, then deliver the recording.",
        discussion: """
            Without --duration it records until SIGINT (Ctrl-C), SIGTERM or SIGHUP, then finalizes and exports; a second
            signal skips the export. SIGUSR1 starts the next file, or the next segment.

            EXAMPLES:
              tapeline record -D hw:1,0 --duration 10 --output hello.wav
              tapeline record -D plughw:CARD=Mic -r 16000 -c 1 --container ogg-opus --directory /var/lib/recordings
              tapeline record --container flac --segment 10m --segment-at-clock --export s3://calls/
              tapeline record --container flac --export dir:/mnt/archive --export exec:/usr/local/bin/notify --json

            EXIT CODES: 0 recorded and delivered, 64 usage, 69 device unavailable, 73 cannot create the file, 74 I/O error
            (what came before it is kept), 75 recorded but not delivered, 77 permission, 78 configuration.
            """
    )

    @Option(name: [.customShort("D"), .long], help: "The ALSA PCM to record from; see 'tapeline devices'.")
    var device = "default"

    @Option(name: .shortAndLong, help: "Frames per second, in Hz, 8000 to 384000 (default: what the device offers).")
    var rate: Int?

    @Option(name: .shortAndLong, help: "Channels, 1 to 64 (default: what the device offers).")
    var channels: Int?

    @Option(name: .shortAndLong, help: "S16_LE, S24_3LE, S24_LE, S32_LE or FLOAT_LE (default: what the device offers).")
    var format: SampleFormat?

    @Option(name: .shortAndLong, help: "End after so many seconds.")
    var duration: Double?

    @Option(
        help: """
            A second PCM, in the channels behind the first one's and on its timeline: a loopback or monitor of what is \
            played. Both are mono where they can be, so that left is the input and right the output; another rate, and \
            another clock, are resampled.
            """
    )
    var outputTrack: String?

    @Option(help: "wav, rf64, w64, flac, ogg-vorbis or ogg-opus.")
    var container: Container = .wav

    @OptionGroup var segments: SegmentFlags

    @Option(
        help: """
            Put the recording at FILE and its report at FILE.json; with --segment, for call.wav, segments at call-NAME.wav and \
            their manifest at call.manifest.json.
            """
    )
    var output: String?

    @Option(help: "Put the recording and its report in a folder of their own below DIR (default: the state folder).")
    var directory: String?

    @Option(help: "Where state is kept (default: $STATE_DIRECTORY, or ~/.local/state/tapeline).")
    var state: String?

    @Option(
        help: """
            Delete delivered recordings, oldest first, where recordings take more bytes than SIZE, such as 500M or 20G \
            (default: delete nothing).
            """
    )
    var diskBudget: ByteCount?

    @Flag(help: "Wait for a device that is not there yet, until it comes or a signal does.")
    var waitForDevice = false

    @Option(
        help: """
            Tell of a device that gives nothing, or only one sample, for so many seconds (default: 10 without frames, 60 \
            without a signal).
            """
    )
    var alertAfter: Double?

    @Option(help: "Frames that the device hands over at once (default: about 250 ms).")
    var periodSize: Int?

    @Option(help: "Frames that the device's own buffer holds (default: about 1 s).")
    var bufferSize: Int?

    @Option(
        help: """
            Where to deliver: dir:/path, dir:/path?reference=path, exec:/path/to/program, https://host/path/ (PUT) with \
            #method=POST, #header-file=FILE, #max-bytes=COUNT, #timeout=SECONDS joined by &, or s3://bucket/prefix/ with \
            ?endpoint=URL, region=NAME, presign=SECONDS, part-size=BYTES, storage-class=NAME, max-bytes=COUNT, \
            timeout=SECONDS joined by &; may be repeated.
            """
    )
    var export: [String] = []

    @Option(
        help: """
            Upload to LiveKit's observability endpoint, before all exports: livekit:ROOM-ID, with ?simulated=true and \
            timeout=SECONDS joined by &. LIVEKIT_URL or LIVEKIT_OBSERVABILITY_URL, LIVEKIT_API_KEY and LIVEKIT_API_SECRET \
            tell the server and the credentials.
            """
    )
    var upload: String?

    @Flag(help: "Replace an existing FILE.")
    var force = false

    @Flag(help: "Print the session's report as one JSON object on stdout.")
    var json = false

    @Flag(help: "Say nothing on stderr but errors.")
    var quiet = false

    func validate() throws {
        try check(rate.map { (8000...384_000).contains($0) }, "--rate must be from 8000 to 384000")
        try check(channels.map { (1...64).contains($0) }, "--channels must be from 1 to 64")
        try check(duration.map { $0 > 0 && $0 < 1e9 }, "--duration must be a number of seconds above 0")
        try check(alertAfter.map { $0 >= 1 && $0 < 1e9 }, "--alert-after must be a number of seconds from 1")
        try check(periodSize.map { $0 > 0 }, "--period-size must be above 0")
        try check(bufferSize.map { $0 > (periodSize ?? 1) }, "--buffer-size must be larger than the period")
        try check(output == nil || directory == nil, "--output and --directory exclude each other: give one of them")
        try check(output.map { !$0.isEmpty && !$0.hasSuffix("/") }, "--output must name a file")
        try check(
            segments.segment == nil || upload == nil,
            "--upload and --segment exclude each other, as the upload is of one file: leave out one of them"
        )
        for url in export { _ = try exporterURL(url) }
        if let upload { _ = try uploaderURL(upload) }
    }

    private func check(_ isRight: Bool?, _ sentence: String) throws {
        guard isRight == false else { return }
        throw ValidationError(sentence)
    }

    private func exporterURL(_ url: String) throws -> ExporterURL {
        do throws(RecordingExportError) {
            return try ExporterURL(url, relativeTo: FileManager.default.currentDirectoryPath)
        } catch {
            throw ValidationError(error.description)
        }
    }

    private func uploaderURL(_ url: String) throws -> UploaderURL {
        do throws(RecordingExportError) {
            return try UploaderURL(url)
        } catch {
            throw ValidationError(error.description)
        }
    }

    private func uploader(_ environment: [String: String], _ logger: Logger) throws -> (any SessionReportUploader)? {
        guard let upload else { return nil }
        let url = try uploaderURL(upload)
        do throws(RecordingExportError) {
            let userAgent = "tapeline/\(Tapeline.version)"
            return try url.makeUploader(environment: environment, userAgent: userAgent, logger: logger)
        } catch {
            throw ProgramState.failure(error.description, ExitStatus.configuration)
        }
    }

    func run() async throws {
        let state = try ProgramState(asked: state, isQuiet: quiet)
        let database = openDatabase(state)
        var options = SessionOptions(
            capture: CaptureOptions(
                deviceName: device,
                sampleFormat: format,
                sampleRate: rate,
                channelCount: channels,
                periodFrameCount: periodSize,
                bufferFrameCount: bufferSize
            ),
            container: container,
            place: output.map { .file(path: ProgramState.absolute($0)) }
                ?? .directory(path: directory.map(ProgramState.absolute) ?? state.path),
            replacesFile: force,
            segments: try segments.options,
            durationSeconds: duration,
            liveness: alertAfter.map { LivenessLimits(noFramesSeconds: $0, noSignalSeconds: $0) } ?? LivenessLimits(),
            uploader: try uploader(state.environment, state.logger),
            journal: database.map { database in
                SessionJournal(database, logger: state.logger) {
                    _ = await state.tracer.forceFlush(timeout: .seconds(10))
                }
            },
            version: Tapeline.version
        )
        if let outputTrack { options.output = .device(CaptureOptions(deviceName: outputTrack)) }
        let session = AgentSession(options, tracer: state.tracer, logger: state.logger)
        let exporters = try export.map { url in
            try exporterURL(url).makeExporter(userAgent: "tapeline/\(Tapeline.version)", statePath: state.path)
        }
        let upkeep = database.map { Upkeep(state, $0, directories: directories(state), budget: diskBudget) }
        // The session's span is a child of the one that the environment names.
        let code = try await ServiceContext.withValue(state.telemetry.parent) {
            try await JobContext.run(id: session.id) { _ in
                let run = RecordRun(session: session, upkeep: upkeep, isQuiet: quiet, isJSON: json)
                return try await run.run(exporters: exporters, isPatient: waitForDevice)
            }
        }
        await state.shutDown()
        options.journal?.finish()
        guard code == ExitStatus.delivered else { throw code }
    }

    /// Where recordings are looked for that died in no journal.
    private func directories(_ state: ProgramState) -> [String] {
        [state.path] + (directory.map { [ProgramState.absolute($0)] } ?? [])
    }

    /// Recording goes on without it.
    private func openDatabase(_ state: ProgramState) -> StateDatabase? {
        do throws(StoreError) {
            return try state.database.get()
        } catch {
            state.logger.error("nothing is kept for the case that this process dies: \(error)")
            return nil
        }
    }
}
