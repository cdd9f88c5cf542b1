internal import FoundationEssentials
public import HTTP
public import Logging
public import RecordingExport

/// What the end of a session writes into the outbox: first what is to be delivered, then how that went.
///
/// A session never fails because of its outbox: what cannot be written down is logged.
public struct SessionOutbox: Sendable {
    private let database: StateDatabase
    private let logger: Logger

    public init(_ database: StateDatabase, logger: Logger) {
        self.database = database
        self.logger = logger
    }

    /// Writes a recording down with one delivery for each exporter.
    ///
    /// - Returns: one for each, in the same order, with what an earlier process knew of it: a receipt, where it was
    ///   delivered.
    public func begin(_ recording: StoredRecording, _ exporters: [any RecordingExporter]) -> [Delivery] {
        let deliveries = exporters.enumerated().map { ordinal, exporter in
            Delivery(
                recordingID: recording.recordingID,
                ordinal: ordinal,
                exporter: exporter.name,
                destination: exporter.destination
            )
        }
        let known = attempt { database throws(StoreError) in
            try database.keep(recording, deliveries)
            return try database.deliveries(of: recording.recordingID)
        }
        return deliveries.map { delivery in
            known?.first { $0.ordinal == delivery.ordinal && $0.target == delivery.target } ?? delivery
        }
    }

    /// Writes down how deliveries went, and returns the outcomes as they are now: what can be delivered later is
    /// `deferred`, with the reference that is known beforehand.
    public func end(
        _ deliveries: [(delivery: Delivery, exporter: any RecordingExporter, outcome: ExportOutcome)],
        _ recording: SessionRecording
    ) -> [ExportOutcome] {
        let now = Date().timeIntervalSince1970
        let changed = deliveries.map { delivery, _, outcome in
            var delivery = delivery
            delivery.apply(outcome, now: now, wait: Self.retryPolicy.wait(afterAttempt: delivery.attemptCount + 1))
            return delivery
        }
        let isWritten = attempt { database throws(StoreError) in try database.update(changed) } != nil
        guard isWritten else { return deliveries.map(\.outcome) }
        return zip(deliveries, changed).map { made, delivery in
            guard delivery.state == .pending, made.outcome.isRetryable else { return made.outcome }
            return made.outcome.deferred(made.exporter, recording)
        }
    }

    /// How long a delivery that failed by itself is left alone.
    public static let retryPolicy = RetryPolicy(base: .seconds(30), cap: .seconds(3600), attemptLimit: .max)

    private func attempt<Value>(_ change: (StateDatabase) throws(StoreError) -> Value) -> Value? {
        do throws(StoreError) {
            return try change(database)
        } catch {
            logger.error("the outbox was not written, what is not delivered now is not tried again: \(error)")
            return nil
        }
    }
}
