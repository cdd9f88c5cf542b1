import HTTP
import RecorderIO

/// The sentences about a server that did not take a recording.
struct HTTPFailure {
    /// For the report; queries may hold secrets.
    let url: HTTPURL
    let file: FinishedRecording
    /// How the user allows more time.
    var timeLimitOption = "#timeout=SECONDS"

    func notAnswered(_ error: HTTPError) -> RecordingExportError {
        if error.kind == .inspection { return RecordingExportError(changed: file) }
        let remedy = Self.remedy(for: error, moreTime: "allow it more time with \(timeLimitOption)")
        return RecordingExportError(
            remedy.kind,
            "cannot deliver to \(url.withoutQuery): \(error.description): \(remedy.fix)",
            onSpan: remedy.span,
            isRetryable: error.isPassing,
            concernsTarget: [.resolve, .connect, .handshake, .trust, .request, .library].contains(error.kind)
        )
    }

    /// What to do about it, and what the span says of it. `moreTime` says how its time limit is raised.
    static func remedy(
        for error: HTTPError,
        moreTime: String
    ) -> (kind: RecordingExportError.Kind, fix: String, span: String) {
        switch error.kind {
        case .resolve: (.failed, "check the name and the network", "the host's name is unknown")
        case .connect: (.failed, "check the address, the network and the proxy", "no connection could be made")
        case .handshake: (.failed, "check that the server speaks TLS there", "no encrypted connection came about")
        case .trust:
            (
                .configuration, "install its authority's certificate in the system, or correct the name",
                "the server's certificate is not trusted"
            )
        case .timeout: (.timeout, moreTime, "the server did not answer in time")
        case .stall: (.timeout, "check the network and the server", "the transfer stalled")
        case .cancelled: (.failed, "export it again", "the delivery was cancelled")
        case .connectionLost: (.failed, "check the network and the server", "the connection was lost")
        case .request: (.configuration, "correct the URL and the headers", "the request cannot be made")
        case .redirect: (.configuration, "use the URL that it redirects to", "the redirect was not followed")
        case .body, .inspection:
            (.unreadable, "restore it, and export it again", "the recording's file could not be read")
        case .library: (.configuration, "install the package libcurl4", "libcurl cannot be loaded")
        case .system: (.failed, "free memory, threads and descriptors", "the system had no room for the transfer")
        }
    }

    func unverified(_ response: HTTPResponse, _ flaw: HTTPReceipt.Flaw) -> RecordingExportError {
        switch flaw {
        case .status: return refused(response)
        case .page:
            return failed(
                .configuration,
                "it answered \(response.status) with a page instead of a receipt\(response.excerpt)",
                "check the URL, and whether a proxy or a login is in between",
                onSpan: "the server answered with a page instead of a receipt"
            )
        case .digest:
            return failed(
                .failed,
                "it has other bytes than were sent: its digest is not the recording's",
                "export it again, and check the server's disk and what is in between",
                onSpan: "the server's digest is not the recording's",
                isRetryable: true
            )
        }
    }

    /// The wait that a server asked for does not fit in the time that is left.
    func mustWait(_ response: HTTPResponse, _ wait: Duration) -> RecordingExportError {
        let seconds = Int64((wait / .seconds(1)).rounded(.up))
        return failed(
            .failed,
            "it answered \(response.status) and asks to wait \(seconds) s, which is longer than the time left",
            "export it again later, or allow it more time with \(timeLimitOption)",
            onSpan: "the server asks to wait for longer than the time left (status \(response.status))",
            isRetryable: true
        )
    }

    func tooLarge(limit: Int64) -> RecordingExportError {
        failed(
            .tooLarge,
            "the recording has \(file.byteCount) bytes, and max-bytes allows \(limit)",
            "raise it, or record in a smaller --container",
            onSpan: "the recording is larger than the exporter's limit"
        )
    }

    private func refused(_ response: HTTPResponse) -> RecordingExportError {
        let (kind, fix): (RecordingExportError.Kind, String) =
            switch response.status {
            case 401, 407: (.configuration, "give it valid credentials with #header-file=FILE")
            case 403: (.configuration, "check the credentials, and that they may write there")
            case 404, 410: (.configuration, "check the URL's path")
            case 405, 501: (.configuration, "use #method=POST, or a URL that takes uploads")
            case 409: (.configuration, "make the folder on the server, or use another path")
            case 413: (.tooLarge, "raise the server's limit, or record in a smaller --container")
            case 415: (.configuration, "use another --container, or let the server take this one")
            case 202: (.failed, "only 200, 201 and 204 say that it is stored: let the server answer one of them")
            case 301, 302, 303: (.configuration, "use the URL that it redirects to")
            case 300..<500 where ![408, 425, 429].contains(response.status):
                (.configuration, "check the URL and the headers")
            default: (.failed, "try again later, and look in the server's log")
            }
        return failed(
            kind,
            "it answered \(response.status)\(response.excerpt)",
            fix,
            onSpan: "the server answered with status \(response.status)",
            isRetryable: kind == .failed && response.status != 202,
            concernsTarget: kind == .configuration || [429, 502, 503, 504].contains(response.status)
        )
    }

    func failed(
        _ kind: RecordingExportError.Kind,
        _ cause: String,
        _ fix: String,
        onSpan span: String,
        isRetryable: Bool = false,
        concernsTarget: Bool? = nil
    ) -> RecordingExportError {
        let sentence = "cannot deliver to \(url.withoutQuery): \(cause): \(fix)"
        return RecordingExportError(
            kind,
            sentence,
            onSpan: span,
            isRetryable: isRetryable,
            concernsTarget: concernsTarget
        )
    }
}

extension RecordingExportError {
    /// The same where the recording may have arrived all the same, and must not be sent again unasked (EXP-9).
    var ambiguous: RecordingExportError {
        RecordingExportError(
            kind,
            "\(description); it may have arrived all the same: look there before you export it again",
            onSpan: spanDescription,
            concernsTarget: false
        )
    }
}
