public import Logging
internal import Synchronization

/// Keeps a session's recordings in the journal from their start to the end of all that belongs to them.
///
/// A recording never fails because of its journal: what cannot be written down is logged.
public final class SessionJournal: Sendable {
    /// What the session's recordings are delivered from later, should that be necessary.
    public let outbox: SessionOutbox
    private let database: StateDatabase
    private let logger: Logger
    private let flush: @Sendable () async -> Void
    private let held = Mutex<[String]>([])

    /// - Parameter flush: waits, for a bounded time, until spans that have ended are delivered.
    public init(
        _ database: StateDatabase,
        logger: Logger,
        flush: @escaping @Sendable () async -> Void
    ) {
        self.database = database
        self.logger = logger
        outbox = SessionOutbox(database, logger: logger)
        self.flush = flush
    }

    /// A recording begins, or more of it is known.
    public func began(_ recording: OpenRecording) {
        attempt { database throws(StoreError) in try database.keep(recording) }
    }

    /// A recording did not begin after all.
    public func didNotBegin(_ recordingID: String) {
        attempt { database throws(StoreError) in try database.strike(recordingID) }
    }

    /// A segment is in its recording's manifest, and its deliveries are made or in the outbox.
    public func segmentEnded(_ recordingID: String) { didNotBegin(recordingID) }

    /// All that belongs to the end of a recording is done.
    ///
    /// - Parameter isSpanHeld: its span has not ended yet; `finish` must follow.
    public func ended(_ recordingID: String, isSpanHeld: Bool) async {
        guard !isSpanHeld else { return held.withLock { $0.append(recordingID) } }
        await flush()
        attempt { database throws(StoreError) in try database.strike(recordingID) }
    }

    /// The spans that were held have ended and are delivered.
    public func finish() {
        let ended = held.withLock { held in
            defer { held = [] }
            return held
        }
        for recordingID in ended { attempt { database throws(StoreError) in try database.strike(recordingID) } }
    }

    private func attempt(_ change: (StateDatabase) throws(StoreError) -> Void) {
        do throws(StoreError) {
            try change(database)
        } catch {
            logger.error("the journal was not written, should this process die its recording gets new ids: \(error)")
        }
    }
}
