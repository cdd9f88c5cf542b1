public import Logging

/// When spans that have ended go to the exporter, and how many together.
public struct SpanBatching: Hashable, Sendable {
    /// How long a span waits for others, at most; a full batch, a flush and a shutdown do not wait.
    public var delay: Duration
    /// An export that takes longer is cancelled; nil for no limit but the exporter's own.
    public var exportTimeout: Duration?
    /// How many spans may wait, besides the batch that is being exported; more are dropped and counted.
    public var queueCapacity: Int
    /// At most this many spans go to the exporter in one call.
    public var largestBatchCount: Int

    /// OpenTelemetry's defaults.
    public init(
        delay: Duration = .seconds(5),
        exportTimeout: Duration? = .seconds(30),
        queueCapacity: Int = 2048,
        largestBatchCount: Int = 512
    ) {
        self.delay = delay
        self.exportTimeout = exportTimeout
        self.queueCapacity = queueCapacity
        self.largestBatchCount = largestBatchCount
    }

    /// As soon as the exporter has time: for a file, where batches save nothing.
    public static let atOnce = SpanBatching(delay: .zero, exportTimeout: nil)

    /// What the `OTEL_BSP_*` variables set; a value that is not valid is warned of and ignored.
    public init(environment: [String: String], logger: Logger) {
        let variables = EnvironmentVariables(environment, logger: logger)
        self.init()
        delay = variables.duration("OTEL_BSP_SCHEDULE_DELAY") ?? delay
        exportTimeout = variables.timeout(["OTEL_BSP_EXPORT_TIMEOUT"]) ?? exportTimeout
        queueCapacity = variables.positiveCount("OTEL_BSP_MAX_QUEUE_SIZE") ?? queueCapacity
        largestBatchCount = min(largestBatchCount, queueCapacity)
        let name = "OTEL_BSP_MAX_EXPORT_BATCH_SIZE"
        guard let largest = variables.positiveCount(name) else { return }
        if largest <= queueCapacity {
            largestBatchCount = largest
        } else {
            variables.ignore(name, "it should be at most OTEL_BSP_MAX_QUEUE_SIZE")
        }
    }
}
