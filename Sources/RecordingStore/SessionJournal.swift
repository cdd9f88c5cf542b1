public import Logging
internal import Synchronization

/// Keeps a session's recordings in the journal from their start to the end of all that belongs to them.
///
/// A recording never fails because of its journal: what cannot be written down is logged.
public final class SessionJournal: Sendable {
    private let database: StateDatabase
    private let exporterURLs: [String]
    private let exporterFolder: String
    private let logger: Logger
    private let flush: @Sendable () async -> Void
    private let held = Mutex<[String]>([])

    /// - Parameters:
    ///   - exporterURLs: where the session's recordings are delivered; exporters that have no URL cannot be called by another
    ///     process.
    ///   - exporterFolder: what relative paths in these count from.
    ///   - flush: waits, for a bounded time, until spans that have ended are delivered.
    public init(
        _ database: StateDatabase,
        exporterURLs: [String],
        relativeTo exporterFolder: String,
        logger: Logger,
        flush: @escaping @Sendable () async -> Void
    ) {
        self.database = database
        self.exporterURLs = exporterURLs
        self.exporterFolder = exporterFolder
        self.logger = logger
        self.flush = flush
    }

    /// A recording begins, or more of it is known.
    public func began(_ recording: OpenRecording) {
        var recording = recording
        recording.exporterURLs = exporterURLs
        recording.exporterFolder = exporterFolder
        attempt { database throws(StoreError) in try database.keep(recording) }
    }

    /// A recording did not begin after all.
    public func didNotBegin(_ recordingID: String) {
        attempt { database throws(StoreError) in try database.strike(recordingID) }
    }

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
