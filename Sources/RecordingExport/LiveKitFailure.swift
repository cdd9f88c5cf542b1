import HTTP
import RecorderIO

/// The sentences about an upload to LiveKit that failed, in whole or in part.
struct LiveKitFailure {
    let endpoint: HTTPURL

    private static let moreTime = "allow it more time with ?timeout=SECONDS"

    func notAnswered(_ error: HTTPError) -> RecordingExportError {
        let remedy = HTTPFailure.remedy(for: error, moreTime: Self.moreTime)
        return failed(remedy.kind, error.description, remedy.fix, onSpan: remedy.span, isRetryable: error.isPassing)
    }

    func refused(_ response: HTTPResponse) -> RecordingExportError {
        if response.isPage {
            return failed(
                .configuration,
                "it answered 200 with a page\(response.excerpt)",
                "check LIVEKIT_OBSERVABILITY_URL or LIVEKIT_URL, and whether a proxy or a login is in between",
                onSpan: "the server answered with a page"
            )
        }
        let (kind, fix): (RecordingExportError.Kind, String) =
            switch response.status {
            case 401: (.configuration, "check LIVEKIT_API_KEY and LIVEKIT_API_SECRET")
            case 403: (.configuration, "use an API key that may write observability data")
            case 404, 405, 410, 501: (.configuration, "check LIVEKIT_OBSERVABILITY_URL or LIVEKIT_URL")
            case 413: (.tooLarge, "record for a shorter time, or at a lower --rate")
            case 408, 425, 429, 500...: (.failed, "try again later")
            default: (.configuration, "check LIVEKIT_OBSERVABILITY_URL or LIVEKIT_URL, and the room's id")
            }
        return failed(
            kind,
            "it answered \(response.status)\(response.excerpt)",
            fix,
            onSpan: "the server answered with status \(response.status)",
            isRetryable: kind == .failed
        )
    }

    /// The server's clock says that the token is not valid now.
    func clockIsOff(_ response: HTTPResponse, by seconds: Int64) -> RecordingExportError {
        failed(
            .configuration,
            "it answered \(response.status), and this machine's clock is \(abs(seconds)) s "
                + (seconds > 0 ? "ahead of the server's" : "behind the server's"),
            "set the clock, such as with timedatectl set-ntp true",
            onSpan: "the server answered with status \(response.status), and the clocks are far apart"
        )
    }

    /// The wait that a server asked for does not fit in the time that is left.
    func mustWait(_ response: HTTPResponse, _ wait: Duration) -> RecordingExportError {
        failed(
            .failed,
            "it answered \(response.status) and asks to wait \(Int64((wait / .seconds(1)).rounded(.up))) s, "
                + "which is longer than the time left",
            Self.moreTime,
            onSpan: "the server asks to wait for longer than the time left (status \(response.status))",
            isRetryable: true
        )
    }

    var disabled: RecordingExportError {
        failed(
            .configuration,
            "data recording is disabled for this project",
            "enable it in the project's settings, or do without the upload",
            onSpan: "data recording is disabled for the LiveKit project"
        )
    }

    var redactionWithoutTranscript: RecordingExportError {
        failed(
            .configuration,
            "redaction is on, and audio is redacted by its transcript, which is missing",
            "hand over a transcript, or turn redaction off",
            onSpan: "audio to be redacted has no transcript"
        )
    }

    /// All but the audio arrived.
    func withoutAudio(hasTranscript: Bool, _ cause: RecordingExportError) -> RecordingExportError {
        RecordingExportError(
            cause.kind,
            "uploaded the header \(hasTranscript ? "and the transcript " : "")to \(endpoint.withoutQuery), "
                + "but not the audio: \(cause.description)",
            onSpan: "the audio was not uploaded: \(cause.spanDescription)",
            systemCall: cause.systemCall,
            code: cause.code
        )
    }

    static func notOgg(_ file: FinishedRecording) -> RecordingExportError {
        RecordingExportError(
            .configuration,
            "LiveKit takes Ogg, and the recording is \(file.container.rawValue): record with --container ogg-opus",
            onSpan: "the recording is not in an Ogg container"
        )
    }

    /// The file went bad while it was sent.
    static func unreadable(_ file: FinishedRecording, _ error: HTTPError) -> RecordingExportError {
        if error.kind == .inspection { return RecordingExportError(changed: file) }
        return RecordingExportError(
            .unreadable,
            "\(error.description): check the disk, and that nothing else writes there",
            onSpan: "the recording's file could not be read"
        )
    }

    private func failed(
        _ kind: RecordingExportError.Kind,
        _ cause: String,
        _ fix: String,
        onSpan span: String,
        isRetryable: Bool = false
    ) -> RecordingExportError {
        let sentence = "cannot upload to \(endpoint.withoutQuery): \(cause): \(fix)"
        return RecordingExportError(kind, sentence, onSpan: span, isRetryable: isRetryable)
    }
}
