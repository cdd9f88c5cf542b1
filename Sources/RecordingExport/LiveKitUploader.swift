import FoundationEssentials
public import HTTP
public import Logging
import Messages
import RecorderIO
import Synchronization

/// Uploads a session's recording and transcript to LiveKit's observability endpoint, as LiveKit Agents does.
///
/// One POST of a multipart form: `header` (a `MetricsRecordingHeader`), `chat_history` where there is a transcript, and
/// `audio` where there are bytes in an Ogg container, streamed. Where the audio is not to be had, or is not what was
/// finalized, the rest is sent, and the error tells it.
///
/// At most 4 attempts: after an answer that has a google.rpc.RetryInfo, by exactly its delay, and after an unknown host, a
/// refused connection or a connection that takes too long, by back-off. A request that may have arrived is not sent again,
/// whatever became of it (EXP-9). Where the project's owner has disabled recording, this session uploads nothing more;
/// copies of an uploader know that of each other.
public struct LiveKitUploader: SessionReportUploader {
    public var name: String
    public var timeLimit: Duration
    public let project: LiveKitProject
    public let roomID: String
    /// Tells that the session was a simulation.
    public var isSimulated: Bool
    /// Has the server redact what it is sent. Audio then needs a transcript.
    public var isRedactionEnabled: Bool
    public var client: HTTPClient
    public var logger: Logger
    /// Tests replace it.
    package var pause: @Sendable (Duration) async throws -> Void = { try await Task.sleep(for: $0) }
    /// In seconds since 1970. Tests replace it.
    package var wallClock: @Sendable () -> Int64 = { Int64(Date().timeIntervalSince1970) }
    private let disabledSession = DisabledSession()

    private static let retryPolicy = RetryPolicy(base: .seconds(1), cap: .seconds(8), attemptLimit: 4)

    public init(
        _ project: LiveKitProject,
        roomID: String,
        isSimulated: Bool = false,
        isRedactionEnabled: Bool = false,
        name: String = "livekit",
        timeLimit: Duration = .seconds(60),
        client: HTTPClient = HTTPClient(userAgent: "tapeline"),
        logger: Logger = Logger(label: "tapeline.export")
    ) {
        self.project = project
        self.roomID = roomID
        self.isSimulated = isSimulated
        self.isRedactionEnabled = isRedactionEnabled
        self.name = name
        self.timeLimit = timeLimit
        self.client = client
        self.logger = logger
    }

    /// Blocks its thread while it sends. Without audio and transcript there is nothing to send, and that is no error.
    ///
    /// - Throws: `RecordingExportError`, or `CancellationError`.
    public func upload(_ upload: SessionUpload) async throws {
        // A little earlier than its caller gives up, so that the report tells what was going on.
        let deadline = ContinuousClock.now + timeLimit - min(timeLimit / 4, .milliseconds(500))
        guard upload.hasAudio || upload.transcript != nil else { return }
        let failure = LiveKitFailure(endpoint: project.endpoint)
        guard !disabledSession.isKnown(upload.recording.sessionID) else { throw failure.disabled }
        guard !isRedactionEnabled || upload.transcript != nil else { throw failure.redactionWithoutTranscript }
        let cancellation = HTTPCancellation()
        try await withTaskCancellationHandler {
            try await deliver(upload, deadline, cancellation)
        } onCancel: {
            cancellation.cancel()
        }
    }

    private func deliver(
        _ upload: SessionUpload,
        _ deadline: ContinuousClock.Instant,
        _ cancellation: HTTPCancellation
    ) async throws {
        let token = try LiveKitToken(for: project, at: wallClock())
        let header = Livekit_RecordingHeader(
            upload,
            roomID: roomID,
            isSimulated: isSimulated,
            isRedactionEnabled: isRedactionEnabled
        )
        var audio: FinishedRecording?
        var audioFailure: RecordingExportError?
        do throws(RecordingExportError) {
            audio = try upload.usableAudio()
        } catch {
            audioFailure = error
        }
        var attempt = 1
        while true {
            let form = try LiveKitForm(header, transcript: upload.transcript, audio: audio)
            switch LiveKitAttempt(form, token, project, client, wallClock, deadline, cancellation) {
            case .taken(let response):
                guard let audioFailure else { return }
                let failure = LiveKitFailure(endpoint: response.url)
                throw failure.withoutAudio(hasTranscript: upload.transcript != nil, audioFailure)
            case .disabled(let error):
                noteDisabled(upload.recording.sessionID)
                throw error
            case .audioLost(let error):
                // Nothing whole was sent: this is no attempt.
                audio = nil
                audioFailure = error
            case .failed(let error, let wait):
                try Task.checkCancellation()
                guard let wait, attempt < Self.retryPolicy.attemptLimit else { throw error }
                let pauseLength = wait.asked ?? Self.retryPolicy.wait(afterAttempt: attempt)
                guard ContinuousClock.now + pauseLength < deadline else { throw wait.impossible ?? error }
                try await pause(pauseLength)
                attempt += 1
            }
        }
    }

    private func noteDisabled(_ sessionID: String) {
        guard disabledSession.note(sessionID) else { return }
        logger.warning(
            "data recording is disabled for this LiveKit project; nothing more of this session is uploaded",
            metadata: ["session": "\(sessionID)"]
        )
    }
}

/// The session whose project's owner has disabled recording. One session is uploaded at a time: the last one is enough.
private final class DisabledSession: Sendable {
    private let id = Mutex<String?>(nil)

    func isKnown(_ sessionID: String) -> Bool { id.withLock { $0 == sessionID } }

    /// Returns whether that is news.
    func note(_ sessionID: String) -> Bool {
        id.withLock { id in
            defer { id = sessionID }
            return id != sessionID
        }
    }
}

extension SessionUpload {
    fileprivate var hasAudio: Bool { (recording.file?.byteCount ?? 0) > 0 }

    fileprivate var transcript: [UInt8]? { chatHistory.flatMap { $0.isEmpty ? nil : $0 } }

    /// Nil where there is none.
    fileprivate func usableAudio() throws(RecordingExportError) -> FinishedRecording? {
        guard hasAudio, let file = recording.file else { return nil }
        guard [.oggOpus, .oggVorbis].contains(file.container) else { throw LiveKitFailure.notOgg(file) }
        _ = try FileFacts.ofUnchanged(file)
        return file
    }
}
