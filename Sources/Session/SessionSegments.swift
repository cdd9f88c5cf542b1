internal import Audio
internal import FoundationEssentials
internal import Logging
internal import RecorderIO
internal import RecordingExport
internal import RecordingStore

/// The segments of one recording, from the end of each to the finished manifest (REC-10).
///
/// Each that ends is written down at once, in order, and then delivered, one after the other, while recording goes on: what
/// an exporter takes its time for waits here, and recording waits for nothing.
actor SessionSegments {
    private let run: SessionRun
    private let path: String
    private let logger: Logger
    private var manifest: RecordingManifest
    private var isDirty = true
    private var saveFailure: RecorderError?
    private var saving: Task<Void, Never>?
    private var keeping: Task<Void, Never>?
    private var waiting: [(file: FinishedRecording, report: SessionReport)] = []
    private var delivering: Task<Void, Never>?
    /// Until when deliveries may go on; nil while recording does.
    private var deadline: ContinuousClock.Instant?
    /// Their ids are struck from the journal once the manifest lists them.
    private var settled: [String] = []
    /// One of each kind.
    private var outcomes: [ExportOutcome.Kind: ExportOutcome] = [:]
    private var deliverySeconds = 0.0
    /// Of the whole, beside what the manifest tells.
    private var last: FinishedRecording?
    private var conditions: [ConditionPeriod] = []
    private var omittedConditionCount = 0
    private var whole = RecordingOutcome(recording: nil)

    private static let conditionLimit = 1000

    init(_ run: SessionRun, manifest: RecordingManifest, path: String, logger: Logger) {
        self.run = run
        self.manifest = manifest
        self.path = path
        self.logger = logger
    }

    /// Takes the next segment that ends.
    func take(_ outcome: @escaping @Sendable () async -> RecordingOutcome) {
        let before = keeping
        keeping = Task {
            await before?.value
            await keep(await outcome())
        }
    }

    private func keep(_ outcome: RecordingOutcome) async {
        if let error = outcome.error, error != whole.error {
            logger.error("a segment is not whole: \(error)")
            whole.error = whole.error ?? error
        }
        whole.droppedFrameCount += outcome.droppedFrameCount
        guard let file = outcome.recording else { return }
        if last == nil { whole.startTime = outcome.startTime }
        last = file
        keepConditions(of: file, firstFrame: outcome.firstFrame)
        manifest.add(file, firstFrame: outcome.firstFrame)
        isDirty = true
        let report = await run.keepSegment(file, firstFrame: outcome.firstFrame)
        waiting.append((file, report))
        if delivering == nil {
            delivering = Task { await deliverWaiting() }
        } else {
            // An exporter that takes its time does not keep the manifest from whoever reads it here.
            Task { await save() }
        }
    }

    /// By the whole's positions; one that a seam cuts is one.
    private func keepConditions(of file: FinishedRecording, firstFrame: Int64) {
        omittedConditionCount += file.omittedConditionCount
        for var period in file.conditions {
            period.firstFrame += firstFrame
            if let index = conditions.lastIndex(where: {
                $0.condition == period.condition && $0.channels == period.channels
            }), conditions[index].firstFrame + conditions[index].frameCount == period.firstFrame {
                conditions[index].frameCount += period.frameCount
            } else if conditions.count < Self.conditionLimit {
                conditions.append(period)
            } else {
                omittedConditionCount += 1
            }
        }
    }

    // MARK: Delivery

    private func deliverWaiting() async {
        while !waiting.isEmpty {
            let batch = waiting
            waiting = []
            await save()
            for (file, report) in batch {
                let begin = ContinuousClock.now
                let made = await run.deliverSegment(report, file, deadline ?? .now + run.exportLimit)
                deliverySeconds += begin.duration(to: .now) / .seconds(1)
                for outcome in made { outcomes[outcome.outcome] = outcome }
                manifest.setExports(made, ofSegment: file.id)
                isDirty = true
                settled.append(file.id)
            }
            strikeSettled()
        }
        delivering = nil
        await save()
    }

    /// What no manifest tells of must be found again.
    private func strikeSettled() {
        guard saveFailure == nil else { return }
        for id in settled { run.options.journal?.segmentEnded(id) }
        settled = []
    }

    // MARK: The manifest

    /// Writes the manifest as it is now, unless that is on the disk already.
    private func save() async {
        while isDirty {
            if let saving {
                await saving.value
                continue
            }
            isDirty = false
            saving = Task { [manifest] in
                await write(manifest)
                saving = nil
            }
        }
        if let saving { await saving.value }
    }

    private func write(_ manifest: RecordingManifest) async {
        let limit = run.options.finalizeLimit
        let call = TimeLimitedCall<Void> { _ in }
        let ending = await call.ending(within: limit) { [path] in
            try DurableFile.write(try manifest.json(), to: path, replacing: true)
        }
        saveFailure =
            switch ending {
            case .returned: nil
            case .threw(let error as RecorderError): error
            case .threw(let error): .encoder(reason: "\(error)")
            case .timedOut, .cancelled: .unfinished(seconds: Int(limit / .seconds(1)))
            }
        if let saveFailure { logger.error("the manifest is not written: \(saveFailure)") }
    }

    // MARK: The end

    /// Waits for the deliveries, until the deadline, and completes the manifest.
    ///
    /// - Returns: the outcome of the whole recording, whose file the manifest is.
    func finish(until deadline: ContinuousClock.Instant) async -> (RecordingOutcome, EndedSegments) {
        self.deadline = deadline
        if let keeping { await keeping.value }
        while let delivering { await delivering.value }
        lookForDeliveries()
        manifest.endedAt = Timestamp.rfc3339(run.isRecovery ? manifest.lastKnownMoment : Timestamp.now())
        isDirty = true
        await save()
        strikeSettled()
        let hasDeliveries = !run.exporters.isEmpty && !manifest.segments.isEmpty
        let ended = EndedSegments(
            segments: manifest.segments,
            delivery: hasDeliveries
                ? SessionPhase(exports: Array(outcomes.values), name: "segments", seconds: deliverySeconds) : nil
        )
        var outcome = whole
        do throws(RecorderError) {
            if let saveFailure { throw saveFailure }
            guard !manifest.segments.isEmpty else {
                removeManifest()
                // That nothing happened is no failure.
                if manifest.trigger != nil, whole.error == nil { return (outcome, ended) }
                throw .nothingLeft
            }
            outcome.recording = try manifest.whole(path: path)
        } catch {
            outcome.error = whole.error ?? error
            // The next start completes it.
            outcome.isLeftBehind = error != .nothingLeft
        }
        outcome.recording?.measuredRate = last?.measuredRate
        outcome.recording?.conditions = conditions
        outcome.recording?.omittedConditionCount = omittedConditionCount
        outcome.recording?.droppedFrameCount += whole.droppedFrameCount
        return (outcome, ended)
    }

    /// What the outbox has delivered meanwhile, or a process that died: the segments' reports tell.
    private func lookForDeliveries() {
        guard !run.exporters.isEmpty else { return }
        for segment in manifest.segments where !segment.isDelivered {
            let file = "\(Folder.parent(of: path))/\(segment.file)"
            guard let report = SessionReport(atPath: RecordingPlace.reportPath(forFile: file)) else { continue }
            manifest.setExports(report.exports, ofSegment: segment.id)
        }
    }

    /// Of a recording without a segment.
    private func removeManifest() {
        let folder = Folder.parent(of: path)
        do {
            try FileManager.default.removeItem(atPath: path)
            guard RecordingPlace.isOwnFolder(ofFile: path) else { return }
            if try FileManager.default.contentsOfDirectory(atPath: folder).isEmpty {
                try FileManager.default.removeItem(atPath: folder)
            }
        } catch {
            logger.error("\(path) lists nothing, and is not removed: \(error)")
        }
    }
}
