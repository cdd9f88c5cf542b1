import Logging

/// One go at what a store holds: sends it in requests of bounded size, oldest first, until this process has nothing left in it.
struct DeliveryPass: Sendable {
    /// Why it left something; the log says more.
    struct Failure: Error {
        /// How long the collector asks to wait.
        var retryAfter = Duration.zero
        /// Whether what was delivered could not be struck out, so that the next pass would send it again.
        var isFinal = false
    }

    /// Of one request.
    private static let largestByteCount = 4 << 20
    /// Between two requests, so that a collector that is back is not flooded.
    private static let pause = Duration.milliseconds(100)

    let store: SpanStoreAccess
    let exporter: any RequestExporter
    let running: RunningExport
    /// How many spans one request has, at most.
    let largestBatchCount: Int
    let logger: Logger
    let clock: any Clock<Duration>

    /// - Parameter isTelling: whether a failure that may pass is logged.
    func run(isTelling: Bool) async throws(Failure) {
        try await stored(isTelling) { try $0.takeOverSpans() }
        // Of a request that was refused, how many are still to be sent one by one: none is lost for another's sake.
        var singleCount = 0
        var isFirst = true
        while !running.isBrokenOff {
            let count = singleCount > 0 ? 1 : largestBatchCount
            let kept = try await stored(isTelling) {
                try $0.oldestSpans(spanCount: count, byteCount: Self.largestByteCount)
            }
            guard !kept.isEmpty else { return }
            if !isFirst { _ = await Promise<Void>().value(within: Self.pause, on: clock) }
            isFirst = false
            guard let (request, whole) = try await request(of: kept) else { continue }
            do {
                try await running.run { [exporter] in try await exporter.export(request) }
            } catch {
                let failure = error as? OTLPExportError
                guard failure?.isRefusal == true else {
                    if isTelling {
                        let sentence: Logger.Message = "Spans are kept, and sent again later: \(error)"
                        logger.warning(sentence, metadata: ["count": "\(request.spanCount)"])
                    }
                    throw Failure(retryAfter: failure?.retryAfter ?? .zero)
                }
                guard whole.count == 1 else {
                    singleCount = whole.count
                    continue
                }
                logger.error("Spans were lost: \(error)", metadata: ["count": "\(request.spanCount)"])
            }
            try await strike(whole)
            singleCount = max(0, singleCount - 1)
        }
        throw Failure()
    }

    /// One for all that are whole, and these; what is damaged is struck out. Nil where none is whole.
    private func request(of kept: [KeptSpans]) async throws(Failure) -> (ExportRequest, [KeptSpans])? {
        var request: ExportRequest?
        var whole: [KeptSpans] = []
        for spans in kept {
            guard let next = ExportRequest(spans) else {
                logger.error(
                    "Spans were lost: what was kept of them is damaged",
                    metadata: ["count": "\(spans.spanCount)"]
                )
                try await strike([spans])
                continue
            }
            request?.append(next)
            request = request ?? next
            whole.append(spans)
        }
        return request.map { ($0, whole) }
    }

    private func strike(_ spans: [KeptSpans]) async throws(Failure) {
        do {
            try await store.value { try $0.strike(spans) }
        } catch {
            logger.error("No more spans are sent until the next start, which sends some a second time: \(error)")
            throw Failure(isFinal: true)
        }
    }

    private func stored<Value: Sendable>(
        _ isTelling: Bool,
        _ call: @escaping @Sendable (any SpanStore) throws -> Value
    ) async throws(Failure) -> Value {
        do {
            return try await store.value(of: call)
        } catch {
            if isTelling { logger.warning("Spans that are kept cannot be read: \(error)") }
            throw Failure()
        }
    }
}
