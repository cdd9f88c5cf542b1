/// Sends requests, one at a time, on the thread that asks.
///
/// TLS is trusted as the system's certificates say. `http_proxy`, `https_proxy`, `all_proxy` and `no_proxy` are obeyed.
public struct HTTPClient: Sendable {
    /// Such as `tapeline/1.2.3`.
    public var userAgent: String
    public var connectTimeout: Duration
    /// How long a request may go without a byte in either direction.
    public var stallTimeout: Duration
    /// Of an answer's body, this much is kept.
    public var keptByteCount: Int
    /// Redirects followed for one request. With 0 they are returned like any answer.
    public var redirectLimit: Int
    public var tls: TLSFiles

    public init(
        userAgent: String,
        connectTimeout: Duration = .seconds(10),
        stallTimeout: Duration = .seconds(15),
        keptByteCount: Int = 64 * 1024,
        redirectLimit: Int = 5,
        tls: TLSFiles = TLSFiles()
    ) {
        self.userAgent = userAgent
        self.connectTimeout = connectTimeout
        self.stallTimeout = stallTimeout
        self.keptByteCount = keptByteCount
        self.redirectLimit = redirectLimit
        self.tls = tls
        // Now, and not while a recording runs: a library that is loaded makes every thread renew its table of
        // thread-local variables, which allocates (CAP-3).
        HTTPTransfer.load()
    }

    /// Sends a request and returns the answer, whatever its status. Blocks.
    ///
    /// 307 and 308 are followed, with the body sent again from its start. To another origin secret headers do not go along,
    /// and from https to http nothing goes at all. Any other redirect is returned like any answer: following it would turn
    /// an upload into a download.
    ///
    /// - Parameter deadline: For all of it.
    public func send(
        _ request: HTTPRequest,
        deadline: ContinuousClock.Instant,
        cancellation: HTTPCancellation = HTTPCancellation(),
        inspector: (() -> any HTTPBodyInspector)? = nil
    ) throws(HTTPError) -> HTTPResponse {
        var request = request
        for _ in 0...redirectLimit {
            // TLS writes to its socket without MSG_NOSIGNAL.
            let response = try SIGPIPEShield.run { () throws(HTTPError) in
                let transfer = try HTTPTransfer(client: self)
                return try transfer.perform(request, deadline, cancellation, inspector)
            }
            guard [307, 308].contains(response.status), redirectLimit > 0 else { return response }
            request = try redirected(request, by: response)
        }
        throw HTTPError(.redirect, "it redirects more than \(redirectLimit) times", mayHaveArrived: true)
    }

    private func redirected(_ request: HTTPRequest, by response: HTTPResponse) throws(HTTPError) -> HTTPRequest {
        guard let location = response["Location"] else {
            throw HTTPError(.redirect, "it redirects without saying where to", mayHaveArrived: true)
        }
        let target: HTTPURL
        do {
            target = try request.url.resolving(location)
        } catch {
            throw HTTPError(.redirect, "it redirects to something that is no plain URL", mayHaveArrived: true)
        }
        guard target.scheme == request.url.scheme || target.scheme == "https" else {
            let sentence = "it redirects from https to \(target.withoutQuery), which is not encrypted"
            throw HTTPError(.redirect, sentence, mayHaveArrived: true)
        }
        var next = request
        next.url = target
        if !target.isSameOrigin(as: request.url) { next.headers.removeAll(where: \.isSecret) }
        return next
    }
}
