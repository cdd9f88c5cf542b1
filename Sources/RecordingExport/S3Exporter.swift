public import FoundationEssentials
public import HTTP
import RecorderIO

/// Uploads recordings to a bucket of an S3 server: AWS's, or any that speaks its API.
///
/// Requests are signed with Signature Version 4 over the SHA-256 of what is sent. A recording below 16 MiB goes in one PUT, a
/// larger one in parts, three at a time; of those a journal is kept in the state folder, so that an upload that was killed,
/// at any step, goes on where it was. The object has the recording's `Content-Type`, and its id and SHA-256 as user metadata.
/// It is delivered when a HEAD tells the right size and, where the server keeps it, SHA-256 (EXP-6).
///
/// Credentials are looked for anew in each delivery: in the environment (`AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`,
/// `AWS_SESSION_TOKEN`), in the shared credentials file (`AWS_SHARED_CREDENTIALS_FILE`, else `aws-credentials` in systemd's
/// `CREDENTIALS_DIRECTORY`, else `~/.aws/credentials`; `AWS_PROFILE`).
public struct S3Exporter: RecordingExporter {
    public var name: String
    /// An hour unless the target tells one. Within it a delivery gives up after 30 s and a second for each 64 KiB, where the
    /// target tells no limit: a small recording does not wait for a dead server as long as a large one may take.
    public var timeLimit: Duration
    public var destination: String?
    public let target: S3Target
    /// Absolute. Journals are in its folder `s3`.
    public let statePath: String
    public var client: HTTPClient
    public var retryPolicy: RetryPolicy
    /// Where credentials and the region are looked for.
    public var environment: [String: String]
    package var clock = DeliveryClock()
    /// From this size on a recording goes in parts; tests take less.
    package var partedByteCount: Int64 = 16 << 20

    public init(
        _ target: S3Target,
        statePath: String,
        name: String = "s3",
        client: HTTPClient = HTTPClient(userAgent: "tapeline"),
        retryPolicy: RetryPolicy = RetryPolicy(),
        environment: [String: String] = ProcessInfo.processInfo.environment
    ) {
        self.target = target
        self.statePath = statePath
        self.name = name
        self.client = client
        self.retryPolicy = retryPolicy
        self.environment = environment
        timeLimit = target.timeLimit ?? .seconds(3600)
    }

    /// Blocks its thread while it sends; an `ExporterChain` gives it one.
    ///
    /// - Returns: The recording's id, and its URL, presigned where the target asks for that; nil where there is no audio.
    /// - Throws: `RecordingExportError`, or `CancellationError`.
    public func export(_ recording: SessionRecording) async throws -> RecordingExportResult? {
        guard let file = recording.file else { return nil }
        let region = target.region(in: environment)
        let key = try key(of: recording, file)
        let failure = S3Failure(target: target, file: file, url: try target.url(ofKey: key, region: region))
        if let limit = target.greatestByteCount, file.byteCount > limit { throw failure.http.tooLarge(limit: limit) }
        _ = try FileFacts.ofUnchanged(file)
        let connection = S3Connection(
            target,
            try S3Credentials.find(in: environment),
            region: region,
            client: client,
            retryPolicy: retryPolicy,
            clock: clock,
            deadline: deadline(for: file.byteCount),
            failure: failure
        )
        let folderPath = "\(statePath)/s3"
        try await S3Sweep(folderPath: folderPath, connection: connection, clock: clock).run()
        try await S3Delivery(
            recording: recording,
            file: file,
            key: key,
            connection: connection,
            folderPath: folderPath,
            retryPolicy: retryPolicy,
            clock: clock,
            partedByteCount: partedByteCount
        ).deliver()
        return RecordingExportResult(recordingURL: try connection.resultURL(), recordingID: recording.recordingID)
    }

    /// The object's plain URL: what is presigned would run out before the object is there.
    public func expectedResult(of recording: SessionRecording) -> RecordingExportResult? {
        guard let file = recording.file else { return nil }
        do {
            let url = try target.url(ofKey: key(of: recording, file), region: target.region(in: environment))
            return RecordingExportResult(recordingURL: url.withoutQuery)
        } catch {
            return nil
        }
    }

    private func key(of recording: SessionRecording, _ file: FinishedRecording) throws(RecordingExportError) -> String {
        let placeholders = RecordingPlaceholders(
            of: recording,
            fileExtension: file.fileExtension,
            startedAt: file.startedAt
        )
        return try target.key(placeholders)
    }

    /// A little earlier than the chain gives up, so that the report tells what was going on.
    private func deadline(for byteCount: Int64) -> ContinuousClock.Instant {
        let own = Duration.seconds(30 + Double(byteCount) / 65536)
        let limit = target.timeLimit == nil ? min(timeLimit, own) : timeLimit
        return .now + limit - min(limit / 4, .milliseconds(500))
    }
}
