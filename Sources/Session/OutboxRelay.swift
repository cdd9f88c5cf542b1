internal import FoundationEssentials
internal import HTTP
public import Logging
public import RecordingExport
public import RecordingStore
public import Tracing

/// Delivers from the outbox what sessions could not, oldest first, after a crash, a reboot and weeks without a network
/// (DUR-1).
///
/// Each delivery is a span of its own, linked to the session's, and is told in the recording's report. Several processes may
/// empty one outbox: one at a time delivers to a place.
public actor OutboxRelay {
    private let database: StateDatabase
    private let tracer: any Tracer
    private let logger: Logger
    private let pace: RelayPace
    private let clock: DeliveryClock
    private let budget: DiskBudget?
    private let makeExporter: @Sendable (Delivery) -> (any RecordingExporter)?
    private var targets: [String: RelayTarget] = [:]
    private var isFinishing = false
    private var pause: Task<Void, any Error>?

    /// - Parameters:
    ///   - budget: kept whenever something may have been delivered; nil to delete nothing.
    ///   - makeExporter: the exporter that a delivery was asked of; nil where this program has it no more.
    public init(
        _ database: StateDatabase,
        tracer: any Tracer,
        logger: Logger,
        pace: RelayPace = RelayPace(),
        budget: DiskBudget? = nil,
        makeExporter: @escaping @Sendable (Delivery) -> (any RecordingExporter)?
    ) {
        self.init(database, tracer, logger, pace, DeliveryClock(), budget, makeExporter)
    }

    package init(
        _ database: StateDatabase,
        _ tracer: any Tracer,
        _ logger: Logger,
        _ pace: RelayPace,
        _ clock: DeliveryClock,
        _ budget: DiskBudget? = nil,
        _ makeExporter: @escaping @Sendable (Delivery) -> (any RecordingExporter)?
    ) {
        self.database = database
        self.tracer = tracer
        self.logger = logger
        self.pace = pace
        self.clock = clock
        self.budget = budget
        self.makeExporter = makeExporter
    }

    /// Delivers what is due, and what becomes due, until `finish` is called or the task is cancelled. The latter ends
    /// deliveries under way: they are tried again.
    public func run() async {
        var isFirst = true
        while !isFinishing, !Task.isCancelled {
            var wait = pace.lookInterval
            do throws(StoreError) {
                // A start may be just after what was in the way has gone: all is due, the oldest first.
                if isFirst { try hurry() }
                isFirst = false
                wait = min(wait, try await deliverDue())
            } catch {
                logger.error("what waits in the outbox is not delivered now: \(error)")
            }
            guard !isFinishing else { break }
            let pause = Task { [clock] in try await clock.pause(wait) }
            self.pause = pause
            // Cut short by `finish`, or by this task's own cancellation.
            _ = await withTaskCancellationHandler {
                await pause.result
            } onCancel: {
                pause.cancel()
            }
        }
        do throws(StoreError) {
            // What has ended since the last delivery counts, too.
            try budget?.keep()
        } catch {
            logger.error("\(error)")
        }
    }

    /// Learns of the finished recordings below folders that the database does not know: it was lost, or could not be written
    /// (DUR-1).
    public func learn(below directories: [String]) throws(StoreError) {
        for directory in directories {
            let found: [(recording: StoredRecording, deliveries: [Delivery])]
            let known = try database.recordingIDs()
            do {
                found = try StoredReports(below: directory, without: known).recordings
            } catch {
                logger.error("\(directory) could not be looked through for recordings: \(error)")
                continue
            }
            for (recording, deliveries) in found { try database.keep(recording, deliveries) }
            guard !found.isEmpty else { continue }
            let open = found.count { $0.deliveries.contains { $0.state == .pending } }
            logger.notice(
                "\(directory) has \(found.count) recordings that the database did not know, \(open) of them to be delivered"
            )
        }
    }

    /// The outbox's recording of a file, learned from the report beside it where need be; nil where there is none.
    public func recording(ofFile path: String) throws(StoreError) -> StoredRecording? {
        if let known = try database.storedRecordings().first(where: { $0.recording.filePath == path }) {
            return known.recording
        }
        guard let found = StoredReports(ofFile: path).recordings.first else { return nil }
        try database.keep(found.recording, found.deliveries)
        return found.recording
    }

    /// Begins no further delivery; `run` returns once those under way have ended.
    public func finish() {
        isFinishing = true
        pause?.cancel()
    }

    /// Tries everything in the outbox that is still to be delivered, also what was to wait longer.
    ///
    /// A place that takes nothing is not asked for each recording.
    public func deliverAll() async throws(StoreError) {
        try hurry()
        _ = try await deliverDue()
    }

    private func hurry() throws(StoreError) {
        for target in try database.openTargets() { try database.hurry(target.target) }
    }

    /// Delivers a recording now, whether or not that was done before; where another process delivers to the same place, after
    /// it.
    ///
    /// - Returns: the deliveries as they are then.
    public func deliver(_ recording: StoredRecording, _ deliveries: [Delivery]) async throws(StoreError) -> [Delivery] {
        var made: [Delivery] = []
        for delivery in deliveries {
            guard let exporter = makeExporter(delivery) else { continue }
            while !Task.isCancelled {
                guard let claim = try TargetClaim(delivery.target, in: database) else {
                    do { try await clock.pause(.milliseconds(200)) } catch { break }
                    continue
                }
                made.append(try await attempt(recording, delivery, exporter, isRepeated: true).0)
                withExtendedLifetime(claim) {}
                break
            }
        }
        return made
    }

    /// - Returns: how long nothing further will be due.
    private func deliverDue() async throws(StoreError) -> Duration {
        let due = try database.openTargets().filter { isDue($0.target, $0.nextAttemptAt) }.map(\.target)
        await withTaskGroup(of: Void.self) { group in
            for (index, target) in due.enumerated() {
                if index >= pace.parallelism { await group.next() }
                group.addTask { await self.deliver(to: target) }
            }
        }
        try budget?.keep()
        let now = clock.now()
        let waits = try database.openTargets().map { max($0.nextAttemptAt, targets[$0.target]?.notBefore ?? 0) - now }
        // Not at once, so that nothing that goes wrong each time keeps the processor busy.
        return .seconds(max(pace.interval / .seconds(1), min(waits.min() ?? .infinity, 1e9)))
    }

    private func isDue(_ target: String, _ nextAttemptAt: Double) -> Bool {
        let now = clock.now()
        return (nextAttemptAt <= now || nextAttemptAt > now + Self.farthest)
            && !(targets[target]?.isLeftAlone(now, farthest: Self.farthest) ?? false)
    }

    /// What is to wait for longer was written before the clock was set back.
    private static let farthest = SessionOutbox.retryPolicy.cap / .seconds(1)

    /// Delivers all that is due to one place, until it takes no more.
    private func deliver(to target: String) async {
        do throws(StoreError) {
            guard let claim = try TargetClaim(target, in: database) else {
                return leave(target, for: pace.lookInterval)
            }
            defer { withExtendedLifetime(claim) {} }
            var failures = 0
            while !isFinishing, !Task.isCancelled,
                let next = try database.nextDelivery(to: target, now: clock.now(), farthest: Self.farthest)
            {
                guard let exporter = makeExporter(next.delivery) else {
                    return leave(target, for: pace.configurationPause)
                }
                let (made, outcome) = try await attempt(next.recording, next.delivery, exporter, isRepeated: false)
                if made.state == .delivered {
                    failures = 0
                    // It answers again: what has waited for that is due, the oldest first.
                    if targets.removeValue(forKey: target) != nil { try database.hurry(target) }
                } else if outcome.concernsTarget, !outcome.isRetryable {
                    return leave(target, for: pace.configurationPause)
                } else {
                    failures += 1
                    guard !outcome.concernsTarget, failures < pace.failureLimit else { return leave(target) }
                }
                do { try await clock.pause(pace.interval) } catch { return }
            }
        } catch {
            logger.error("a delivery is not written down: \(error)")
            leave(target)
        }
    }

    /// - Parameter wait: nil for longer each time.
    private func leave(_ target: String, for wait: Duration? = nil) {
        targets[target, default: RelayTarget()].leave(for: wait, pace.targetPolicy, clock.now())
    }

    /// One try, and what came of it on the disk.
    ///
    /// - Parameter isRepeated: also where the report says that it was delivered.
    private func attempt(
        _ stored: StoredRecording,
        _ delivery: Delivery,
        _ exporter: any RecordingExporter,
        isRepeated: Bool
    ) async throws(StoreError) -> (Delivery, ExportOutcome) {
        let begin = clock.now()
        let attempt = RelayAttempt(
            recording: stored,
            delivery: delivery,
            exporter: exporter,
            database: database,
            logger: logger
        )
        let outcome = await attempt.outcome(isRepeated: isRepeated)
        var made = delivery
        let wait = SessionOutbox.retryPolicy.wait(afterAttempt: delivery.attemptCount + 1)
        made.apply(outcome, now: clock.now(), wait: wait)
        try database.update([made])
        if made.state != .pending { attempt.trace(outcome, made, tracer, from: begin, to: clock.now()) }
        if made.state == .delivered { logger.notice("delivered \(stored.filePath) by \(delivery.exporter)") }
        return (made, outcome)
    }
}
