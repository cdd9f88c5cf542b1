/// Where spans survive the process that no collector has accepted yet (DUR-3).
///
/// What a process keeps is its own for as long as it lives, so that no two ever send the same spans at once. All calls may
/// block for as long as the disk does. One tracer uses it at a time.
public protocol SpanStore: Sendable {
    /// Writes spans down; they are on the disk when it returns. Where there is more than the store holds then, the oldest are
    /// dropped.
    ///
    /// - Parameters:
    ///   - request: them as an `ExportTraceServiceRequest` in protobuf.
    ///   - spanIDs: theirs, in hexadecimal.
    /// - Returns: how many spans were dropped.
    func keep(_ request: [UInt8], spanIDs: [String]) throws -> Int

    /// Makes this process's own what was kept by processes that are dead.
    func takeOverSpans() throws

    /// The oldest that this process has, in the order in which they were kept: not more than `spanCount` spans in
    /// `byteCount` bytes, but for the first, which comes in any case.
    func oldestSpans(spanCount: Int, byteCount: Int) throws -> [KeptSpans]

    /// Strikes out what needs no keeping any more.
    func strike(_ spans: [KeptSpans]) throws
}

/// Spans that were kept together.
public struct KeptSpans: Hashable, Sendable {
    /// By which the store knows them.
    public let number: Int64
    public let spanCount: Int
    /// An `ExportTraceServiceRequest` in protobuf.
    public let request: [UInt8]

    public init(number: Int64, spanCount: Int, request: [UInt8]) {
        self.number = number
        self.spanCount = spanCount
        self.request = request
    }
}
