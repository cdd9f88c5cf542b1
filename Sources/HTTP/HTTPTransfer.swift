internal import CCurl
internal import Glibc

/// One exchange with a server, by libcurl. A fence: the only file that imports it.
///
/// Driven through libcurl's multi interface, where this thread never waits longer than a tenth of a second: libcurl's own
/// loop looks after a cancellation once a second, and its stall detection averages over five.
@safe
struct HTTPTransfer: ~Copyable {
    private let client: HTTPClient
    private let easy: UnsafeMutableRawPointer
    private let multi: UnsafeMutableRawPointer
    private let errorText: UnsafeMutablePointer<CChar>

    /// Once for the process, and thread-safe through Swift's lazy statics.
    private static let isReady = tapeline_curl_load() == 1 && tapeline_curl_global_init() == CURLE_OK

    /// Loads libcurl, if it is not loaded yet.
    static func load() { _ = isReady }

    init(client: HTTPClient) throws(HTTPError) {
        guard Self.isReady else {
            throw HTTPError(.library, "libcurl cannot be loaded", mayHaveArrived: false)
        }
        guard let easy = unsafe tapeline_curl_easy() else { throw Self.outOfMemory }
        guard let multi = unsafe tapeline_curl_multi() else {
            unsafe tapeline_curl_free_easy(easy)
            throw Self.outOfMemory
        }
        self.client = client
        unsafe self.easy = easy
        unsafe self.multi = multi
        unsafe errorText = .allocate(capacity: Int(CURL_ERROR_SIZE))
        unsafe errorText.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
    }

    deinit {
        unsafe tapeline_curl_free(multi, easy)
        unsafe errorText.deallocate()
    }

    consuming func perform(
        _ request: HTTPRequest,
        _ deadline: ContinuousClock.Instant,
        _ cancellation: HTTPCancellation,
        _ makeInspector: (() -> any HTTPBodyInspector)?
    ) throws(HTTPError) -> HTTPResponse {
        let body = try HTTPBodyReader(request.body, makeInspector)
        let exchange = HTTPExchange(body, keeping: client.keptByteCount)
        let headers = try unsafe setUp(request, exchange)
        defer { unsafe tapeline_curl_free_list(headers) }
        let code = try withExtendedLifetime(exchange) { () throws(HTTPError) in try run(deadline, cancellation) }
        if let failure = body.failure { throw failure }
        // libcurl takes the end of a connection for the end of a head.
        guard exchange.isHeadComplete else {
            throw code == CURLE_OK ? failure(.connectionLost, "the answer broke off") : failure(code)
        }
        // A server that refuses an upload early closes while it is being sent to: its answer counts all the same.
        guard code == CURLE_OK || exchange.status >= 400 else { throw failure(code) }
        return HTTPResponse(
            status: exchange.status,
            headers: exchange.headers,
            body: exchange.kept,
            isBodyComplete: code == CURLE_OK && !exchange.isTruncated,
            url: request.url
        )
    }

    private func setUp(
        _ request: HTTPRequest,
        _ exchange: HTTPExchange
    ) throws(HTTPError) -> UnsafeMutablePointer<curl_slist>? {
        let context = unsafe Unmanaged.passUnretained(exchange).toOpaque()
        try check(unsafe tapeline_curl_set_pointer(easy, CURLOPT_ERRORBUFFER, errorText))
        try check(unsafe tapeline_curl_set_web_only(easy))
        try check(unsafe tapeline_curl_set_quick_exit(easy))
        try check(unsafe tapeline_curl_set_pointer(easy, CURLOPT_URL, request.url.description))
        try check(unsafe tapeline_curl_set_pointer(easy, CURLOPT_USERAGENT, client.userAgent))
        try check(unsafe tapeline_curl_set_pointer(easy, CURLOPT_CUSTOMREQUEST, request.method))
        let timeout = max(client.connectTimeout / .milliseconds(1), 1)
        for (option, value) in [
            (CURLOPT_NOSIGNAL, 1), (CURLOPT_FOLLOWLOCATION, 0), (CURLOPT_EXPECT_100_TIMEOUT_MS, 1000),
            // One upload to a connection: HTTP/2 would only add its own windows to it.
            (CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_1_1)), (CURLOPT_CONNECTTIMEOUT_MS, Int(timeout.rounded(.up))),
            (CURLOPT_NOBODY, request.method == "HEAD" ? 1 : 0), (CURLOPT_UPLOAD_BUFFERSIZE, 256 * 1024),
            // What a proxy says before the server is reached is no answer of the server.
            (CURLOPT_SUPPRESS_CONNECT_HEADERS, 1),
        ] {
            try check(unsafe tapeline_curl_set_long(easy, option, value))
        }
        for (option, path) in [
            (CURLOPT_CAINFO, client.tls.authoritiesPath), (CURLOPT_SSLCERT, client.tls.certificatePath),
            (CURLOPT_SSLKEY, client.tls.keyPath),
        ] {
            if let path { try check(unsafe tapeline_curl_set_pointer(easy, option, path)) }
        }
        if let byteCount = exchange.body.byteCount {
            try check(unsafe tapeline_curl_set_long(easy, CURLOPT_UPLOAD, 1))
            try check(unsafe tapeline_curl_set_offset(easy, CURLOPT_INFILESIZE_LARGE, curl_off_t(byteCount)))
            let reader = unsafe Self.reader
            try check(
                unsafe tapeline_curl_set_transfer(easy, CURLOPT_READFUNCTION, reader, CURLOPT_READDATA, context)
            )
            try check(unsafe tapeline_curl_set_seek(easy, Self.rewinder, context))
        }
        let writer = unsafe Self.writer
        try check(unsafe tapeline_curl_set_transfer(easy, CURLOPT_WRITEFUNCTION, writer, CURLOPT_WRITEDATA, context))
        let header = unsafe Self.headerTaker
        try check(unsafe tapeline_curl_set_transfer(easy, CURLOPT_HEADERFUNCTION, header, CURLOPT_HEADERDATA, context))

        var list: UnsafeMutablePointer<curl_slist>?
        for header in request.headers {
            // A line break would begin a header, or a request, of its own.
            guard !"\(header.name)\(header.value)".utf8.contains(where: { $0 < 0x20 && $0 != 9 || $0 == 0x7f }) else {
                unsafe tapeline_curl_free_list(list)
                throw HTTPError(.request, "the header \(header.name) holds a control character", mayHaveArrived: false)
            }
            let line = header.value.isEmpty ? "\(header.name);" : "\(header.name): \(header.value)"
            guard let longer = unsafe tapeline_curl_append(list, line) else {
                unsafe tapeline_curl_free_list(list)
                throw Self.outOfMemory
            }
            unsafe list = unsafe longer
        }
        let code = unsafe tapeline_curl_set_pointer(easy, CURLOPT_HTTPHEADER, list)
        guard code == CURLE_OK else {
            unsafe tapeline_curl_free_list(list)
            throw failure(code)
        }
        return unsafe list
    }

    private func run(
        _ deadline: ContinuousClock.Instant,
        _ cancellation: HTTPCancellation
    ) throws(HTTPError) -> CURLcode {
        try check(unsafe tapeline_curl_add(multi, easy))
        var lastMoved: Int64 = -1
        var lastMove = ContinuousClock.now
        while true {
            if cancellation.isCancelled { throw failure(.cancelled, "it was cancelled") }
            var running: Int32 = 0
            try check(unsafe tapeline_curl_perform(multi, &running))
            if running == 0 { return unsafe tapeline_curl_ending(multi) }
            let now = ContinuousClock.now
            let moved = moved
            if moved != lastMoved {
                lastMoved = moved
                lastMove = now
            }
            if now >= deadline { throw failure(.timeout, "it did not answer in time") }
            if lastMove.duration(to: now) >= client.stallTimeout {
                let seconds = client.stallTimeout / .seconds(1)
                throw failure(.stall, "nothing moved for \(seconds.formattedShortly) s")
            }
            let left = now.duration(to: deadline) / .milliseconds(1)
            try check(unsafe tapeline_curl_poll(multi, Int32(min(left.rounded(.up), 100))))
        }
    }

    /// Bytes in both directions until now.
    private var moved: Int64 {
        var up: curl_off_t = 0
        var down: curl_off_t = 0
        unsafe tapeline_curl_get_offset(easy, CURLINFO_SIZE_UPLOAD_T, &up)
        unsafe tapeline_curl_get_offset(easy, CURLINFO_SIZE_DOWNLOAD_T, &down)
        return Int64(up) + Int64(down) + Int64(value(CURLINFO_HEADER_SIZE) + value(CURLINFO_REQUEST_SIZE))
    }

    private func value(_ info: CURLINFO) -> Int {
        var value = 0
        unsafe tapeline_curl_get_long(easy, info, &value)
        return value
    }

    /// Where libcurl sent no byte of the request, the server saw none of it.
    private var mayHaveArrived: Bool { value(CURLINFO_REQUEST_SIZE) > 0 }

    private func check(_ code: CURLcode) throws(HTTPError) {
        guard code == CURLE_OK else { throw failure(code) }
    }

    private func check(_ code: CURLMcode) throws(HTTPError) {
        guard code == CURLM_OK else {
            throw failure(.system, unsafe String(cString: tapeline_curl_multi_words(code)), Int32(code.rawValue))
        }
    }

    private func failure(_ kind: HTTPError.Kind, _ text: String, _ code: Int32 = 0) -> HTTPError {
        HTTPError(kind, text, mayHaveArrived: mayHaveArrived, code: code)
    }

    private func failure(_ code: CURLcode) -> HTTPError {
        let kind: HTTPError.Kind =
            switch code {
            case CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_RESOLVE_PROXY: .resolve
            case CURLE_COULDNT_CONNECT, CURLE_PROXY: .connect
            case CURLE_SSL_CONNECT_ERROR: .handshake
            case CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CACERT_BADFILE, CURLE_SSL_ISSUER_ERROR,
                CURLE_SSL_CERTPROBLEM:
                .trust
            // The only timeout left to libcurl is the one for the connection.
            case CURLE_OPERATION_TIMEDOUT: .connect
            case CURLE_URL_MALFORMAT, CURLE_UNSUPPORTED_PROTOCOL, CURLE_BAD_FUNCTION_ARGUMENT, CURLE_UNKNOWN_OPTION,
                CURLE_NOT_BUILT_IN:
                .request
            case CURLE_OUT_OF_MEMORY, CURLE_FAILED_INIT: .system
            default: .connectionLost
            }
        let text = unsafe String(cString: errorText)
        let words = text.isEmpty ? unsafe String(cString: tapeline_curl_easy_words(code)) : text
        return failure(kind, words, Int32(code.rawValue))
    }

    private static var outOfMemory: HTTPError {
        HTTPError(.system, "libcurl could not be started: free memory", mayHaveArrived: false)
    }

    /// Any of the three date formats of HTTP; nil for none of them.
    static func secondsSince1970(of date: String) -> Int64? {
        guard isReady else { return nil }
        let seconds = unsafe tapeline_curl_date(date)
        return seconds < 0 ? nil : Int64(seconds)
    }

    private static let reader: tapeline_curl_transfer = { bytes, size, count, context in
        guard let bytes = unsafe bytes, let context = unsafe context else { return Int(CURL_READFUNC_ABORT) }
        let buffer = unsafe UnsafeMutableRawBufferPointer(start: bytes, count: size * count)
        let exchange = unsafe Unmanaged<HTTPExchange>.fromOpaque(context).takeUnretainedValue()
        return unsafe exchange.body.read(into: buffer) ?? Int(CURL_READFUNC_ABORT)
    }

    private static let rewinder: tapeline_curl_seek = { context, offset, origin in
        guard let context = unsafe context, origin == SEEK_SET, offset == 0 else { return CURL_SEEKFUNC_CANTSEEK }
        unsafe Unmanaged<HTTPExchange>.fromOpaque(context).takeUnretainedValue().body.rewind()
        return CURL_SEEKFUNC_OK
    }

    private static let writer: tapeline_curl_transfer = { bytes, size, count, context in
        guard let bytes = unsafe bytes, let context = unsafe context else { return 0 }
        let exchange = unsafe Unmanaged<HTTPExchange>.fromOpaque(context).takeUnretainedValue()
        exchange.keep(unsafe Array(UnsafeRawBufferPointer(start: bytes, count: size * count)))
        return size * count
    }

    private static let headerTaker: tapeline_curl_transfer = { bytes, size, count, context in
        guard let bytes = unsafe bytes, let context = unsafe context else { return 0 }
        let exchange = unsafe Unmanaged<HTTPExchange>.fromOpaque(context).takeUnretainedValue()
        let line = unsafe UnsafeRawBufferPointer(start: bytes, count: size * count)
        exchange.takeHeader(unsafe String(decoding: line, as: UTF8.self))
        return size * count
    }
}

extension Double {
    /// Without a fraction that is zero.
    fileprivate var formattedShortly: String { self == rounded() ? "\(Int64(self))" : "\(self)" }
}
