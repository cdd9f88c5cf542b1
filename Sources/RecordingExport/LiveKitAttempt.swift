import HTTP
import RecorderIO

/// One request to LiveKit, and what came of it.
enum LiveKitAttempt {
    /// What to wait for before the next one.
    struct Wait {
        /// By the server; nil leaves it to the back-off.
        var asked: Duration?
        /// What to say where there is no time for it.
        var impossible: RecordingExportError?
    }

    case taken(HTTPResponse)
    /// No later one of this session will be taken either.
    case disabled(RecordingExportError)
    /// The audio went bad while it was sent, and its last piece was held back.
    case audioLost(RecordingExportError)
    /// Nil for what may not be repeated.
    case failed(RecordingExportError, Wait?)

    /// Sends the form. Blocks.
    init(
        _ form: LiveKitForm,
        _ token: LiveKitToken,
        _ project: LiveKitProject,
        _ client: HTTPClient,
        _ wallClock: () -> Int64,
        _ deadline: ContinuousClock.Instant,
        _ cancellation: HTTPCancellation
    ) {
        let request = HTTPRequest(
            method: "POST",
            url: project.endpoint,
            headers: [
                HTTPRequest.Header("Authorization", "Bearer \(token.text)", isSecret: true),
                HTTPRequest.Header("Content-Type", form.form.contentType),
            ],
            body: form.form.body
        )
        do throws(HTTPError) {
            let response = try SIGPIPEShield.run { () throws(HTTPError) in
                try client.send(
                    request,
                    deadline: deadline,
                    cancellation: cancellation,
                    inspector: form.makeInspector
                )
            }
            self.init(response, token, wallClock)
        } catch {
            if let audio = form.audio, [.body, .inspection].contains(error.kind) {
                self = .audioLost(LiveKitFailure.unreadable(audio, error))
                return
            }
            let mayRepeat = [.resolve, .connect].contains(error.kind) && !error.mayHaveArrived
            let failure = LiveKitFailure(endpoint: project.endpoint).notAnswered(error)
            self = .failed(failure, mayRepeat ? Wait() : nil)
        }
    }

    private init(_ response: HTTPResponse, _ token: LiveKitToken, _ wallClock: () -> Int64) {
        let failure = LiveKitFailure(endpoint: response.url)
        switch LiveKitAnswer(response) {
        case .taken: self = .taken(response)
        case .disabled: self = .disabled(failure.disabled)
        case .retry(let delay):
            let wait = Wait(asked: delay, impossible: failure.mustWait(response, delay))
            self = .failed(failure.refused(response), wait)
        case .refused:
            if response.status == 401, let date = response.date, token.isOutOfTime(at: date) {
                self = .failed(failure.clockIsOff(response, by: wallClock() - date), nil)
            } else {
                self = .failed(failure.refused(response), nil)
            }
        }
    }
}
