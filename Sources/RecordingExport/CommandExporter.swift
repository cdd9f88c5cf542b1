import FoundationEssentials
import HTTP

/// Hands recordings to any program: one JSON object on its standard input, one on its standard output.
///
/// The program is run directly, without a shell and without arguments, in a process group of its own, with this process's
/// environment. It is told
/// `{"recording_id", "session_id", "trace_id", "span_id", "idempotency_key", "path", "container", "media_type",
/// "sample_format", "sample_rate_hz", "channels", "frames", "duration_s", "started_at", "sha256", "bytes"}`, absent where
/// unknown (from `path` on, where there is no audio), and may answer
/// `{"recording_url", "recording_id", "recording_path", "trace_attributes"}`, each optional, or nothing. An answer has at
/// most 64 KiB. What it leaves running in the background is not waited for, even if it holds the standard output.
///
/// Exit status 0 is success; of any other the last lines of its standard error (of 4 KiB) tell the reason in the report. At
/// the time limit or a cancellation its group gets SIGTERM, and SIGKILL 2 s later, or when this process exits.
public struct CommandExporter: RecordingExporter {
    public var name: String
    public var timeLimit: Duration
    public var destination: String?
    /// Absolute.
    public let programPath: String

    public init(programPath: String, name: String = "command", timeLimit: Duration = .seconds(30)) {
        self.programPath = programPath
        self.name = name
        self.timeLimit = timeLimit
    }

    /// Blocks its thread while the program runs; an `ExporterChain` gives it one.
    ///
    /// - Returns: What the program answered; nil for no answer.
    /// - Throws: `RecordingExportError`, or `CancellationError` once the program is ended and reaped.
    public func export(_ recording: SessionRecording) async throws -> RecordingExportResult? {
        let question = try [UInt8](CommandQuestion(recording).json())
        let answer: CommandRun.Answer
        do {
            let wakePipe = try WakePipe()
            answer = try await withTaskCancellationHandler {
                try SIGPIPEShield.run { () throws(SystemCallFailure) in try run(question, wakePipe) }
            } onCancel: {
                wakePipe.send(.cancelled)
            }
        } catch let failure as SystemCallFailure {
            throw CommandFailure(programPath).notStarted(failure)
        }
        return try result(of: answer)
    }

    private func run(_ question: [UInt8], _ wakePipe: WakePipe) throws(SystemCallFailure) -> CommandRun.Answer {
        let environment = ProcessInfo.processInfo.environment
        return try CommandRun(programPath, environment: environment, input: question, wakePipe: wakePipe).finish()
    }

    func result(of answer: CommandRun.Answer) throws -> RecordingExportResult? {
        if answer.wasCancelled { throw CancellationError() }
        let failure = CommandFailure(programPath, errors: answer.errors)
        if answer.isOutputTooLong { throw failure.tooLongOutput }
        switch answer.ending {
        case .exited(0): break
        case .exited(let status): throw failure.exited(status)
        case .killed(let signal): throw failure.killed(signal)
        case nil: throw failure.lostStatus
        }
        guard answer.output.contains(where: { !" \t\r\n".utf8.contains($0) }) else { return nil }
        do {
            return try JSONDecoder().decode(RecordingExportResult?.self, from: Data(answer.output))
        } catch let error as DecodingError {
            throw failure.notUnderstood(answer.output, error)
        }
    }
}
