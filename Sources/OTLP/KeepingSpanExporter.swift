import Logging

/// Writes spans down for a delivery to take them from; what the store does not take goes to the collector at once.
struct KeepingSpanExporter: SpanExporter {
    let store: SpanStoreAccess
    let delivery: SpanDelivery
    /// For what the store does not take.
    let exporter: any RequestExporter
    let logger: Logger

    func export(_ batch: SpanBatch) async throws {
        let request = ExportRequest(batch)
        let bytes = try request.bytes(.protobuf)
        let spanIDs = batch.spans.map(\.context.spanID.hex)
        do {
            let droppedCount = try await store.value { try $0.keep(bytes, spanIDs: spanIDs) }
            if droppedCount > 0 {
                logger.error(
                    "Spans were lost: no collector has taken them, and the store holds no more",
                    metadata: ["count": "\(droppedCount)"]
                )
            }
            delivery.add(batch.spans.count)
        } catch {
            logger.error("Spans are sent without being kept: \(error)", metadata: ["count": "\(batch.spans.count)"])
            try await exporter.export(request)
        }
    }
}
