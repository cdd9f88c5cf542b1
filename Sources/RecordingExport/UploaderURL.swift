import HTTP
public import Logging

/// The primary upload, written as a URL: `livekit:ROOM-ID`, with `simulated=true` and `timeout=SECONDS` as its query
/// (EXP-8).
///
/// The room's id may be percent-encoded; a `%`, `?` or `#` in it must be. Server and credentials come from the environment:
/// see `LiveKitProject`.
public enum UploaderURL: Hashable, Sendable {
    /// Without a time limit the uploader's own counts.
    case liveKit(roomID: String, isSimulated: Bool, timeLimit: Duration?)

    /// - Throws: `RecordingExportError` of kind `configuration`, one sentence that names the fix.
    public init(_ text: String) throws(RecordingExportError) {
        guard text.lowercased().hasPrefix("livekit:") else {
            throw Self.failure(text, "it is no uploader", "write livekit:ROOM-ID")
        }
        let parts = text.dropFirst(8).split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        guard !text.contains("#"), let roomID = PercentEncoding.decoded(parts[0]) else {
            throw Self.failure(text, "its room's id holds a % or a #", "write %25 for a %, and %23 for a #")
        }
        guard !roomID.isEmpty else { throw Self.failure(text, "it names no room", "write livekit:ROOM-ID") }
        var isSimulated = false
        var timeLimit: Duration?
        for option in parts.count > 1 ? parts[1].split(separator: "&", omittingEmptySubsequences: false) : [] {
            switch option {
            case "simulated=true": isSimulated = true
            case "simulated=false": isSimulated = false
            case _ where option.hasPrefix("timeout="):
                guard let limit = TargetOptions.seconds(option.dropFirst(8)) else {
                    throw Self.failure(
                        text,
                        "timeout is a number of seconds above 0, at most a day",
                        "write it in digits"
                    )
                }
                timeLimit = limit
            default:
                throw Self.failure(
                    text,
                    "an option after the ? is unknown",
                    "use simulated=true and timeout=SECONDS, joined by &"
                )
            }
        }
        self = .liveKit(roomID: roomID, isSimulated: isSimulated, timeLimit: timeLimit)
    }

    /// The uploader that the URL describes.
    ///
    /// - Parameter userAgent: What it calls itself to servers, such as `tapeline/1.2.3`.
    /// - Throws: `RecordingExportError` of kind `configuration` where the environment lacks something.
    public func makeUploader(
        environment: [String: String],
        userAgent: String = "tapeline",
        logger: Logger
    ) throws(RecordingExportError) -> any SessionReportUploader {
        switch self {
        case .liveKit(let roomID, let isSimulated, let timeLimit):
            let project = try LiveKitProject(environment: environment)
            var uploader = LiveKitUploader(project, roomID: roomID, isSimulated: isSimulated)
            uploader.client.userAgent = userAgent
            uploader.logger = logger
            if let timeLimit { uploader.timeLimit = timeLimit }
            return uploader
        }
    }

    private static func failure(_ text: String, _ cause: String, _ fix: String) -> RecordingExportError {
        RecordingExportError(
            .configuration,
            "cannot upload to \(text): \(cause): \(fix)",
            onSpan: "the uploader's URL was not understood"
        )
    }
}
