import Foundation
import InMemoryTracing
import RecorderIO
import RecordingExport
import RecordingStore
import Synchronization
import TestSupport
import Testing
import Tracing

@testable import Session

/// Delivery after the session (DUR-1, EXP-9), in simulated time.
@Suite(.timeLimit(.minutes(10))) struct OutboxRelayTests {
    private static let offline = RecordingExportError(
        .failed,
        "no network",
        onSpan: "no network",
        isRetryable: true,
        concernsTarget: true
    )
    private static let forbidden = RecordingExportError(.configuration, "403", onSpan: "403")
    private static let busy = RecordingExportError(.failed, "500", onSpan: "500", isRetryable: true)
    private static let taken = RecordingExportError(.configuration, "taken", onSpan: "taken", concernsTarget: false)

    private func makeRelay(
        _ shelf: Shelf,
        _ database: StateDatabase,
        pace: RelayPace = RelayPace(),
        tracer: InMemoryTracer = InMemoryTracer(),
        _ export: @escaping @Sendable (Delivery, SessionRecording) async throws -> RecordingExportResult?
    ) -> OutboxRelay {
        OutboxRelay(database, tracer, shelf.logger, pace, shelf.clock) { delivery in
            ScriptedExporter(name: "test") { try await export(delivery, $0) }
        }
    }

    // DUR-1, EXP-4, EXP-9
    @Test func `After 72 hours offline and 10 restarts all 500 recordings arrive, the oldest first`() async throws {
        let shelf = try Shelf()
        let hours = 3600.0
        let back = Shelf.start + 72 * hours
        let archive = DirectoryExporter(directoryPath: shelf.folder.path + "/archive")
        let made = Journal<FinishedRecording>()
        let delivered = Journal<(id: String, time: Double)>()
        let attempts = Atomic(0)
        let atOnce = Mutex((now: 0, most: 0))
        for restart in 0...10 {
            let database = try shelf.database()
            let relay = makeRelay(shelf, database) { _, recording in
                attempts.add(1, ordering: .relaxed)
                atOnce.withLock {
                    $0.now += 1
                    $0.most = max($0.most, $0.now)
                }
                defer { atOnce.withLock { $0.now -= 1 } }
                guard shelf.now >= back else { throw Self.offline }
                let result = try await archive.export(recording)
                delivered.append((recording.recordingID, shelf.now))
                return result
            }
            let end = restart == 10 ? .infinity : Shelf.start + Double(restart + 1) * 7 * hours
            shelf.afterWaits { now in
                while made.values.count < 500 {
                    let startedAt = Shelf.start + Double(made.values.count) * 72 * hours / 500
                    guard startedAt <= now else { break }
                    do {
                        made.append(try shelf.add(made.values.count, startedAt: startedAt, to: database))
                    } catch {
                        Issue.record(error)
                        return await relay.finish()
                    }
                }
                if now >= end || delivered.values.count == 500 || now > back + 24 * hours { await relay.finish() }
            }
            await relay.run()
        }
        #expect(delivered.values.map(\.id) == made.values.map(\.id))
        for file in made.values {
            let copy = try SHA256.ofFile(atPath: "\(archive.directoryPath)/\(file.id).wav")
            #expect(copy.hex == file.sha256)
            #expect(shelf.report(of: file)?.exports.map(\.outcome) == [.attached])
            #expect(shelf.report(of: file)?.status == .attached)
        }
        let stored = try shelf.database().storedRecordings()
        #expect(stored.count == 500 && stored.allSatisfy { $0.deliveries.map(\.state) == [.delivered] })
        #expect(atOnce.withLock { $0.most } == 1)
        // Not faster than the pace, and a dead network is not asked all the time: every 450 s on average.
        #expect(zip(delivered.values, delivered.values.dropFirst()).allSatisfy { $1.time - $0.time >= 0.0999 })
        #expect((200..<1500).contains(attempts.load(ordering: .relaxed) - 500), "\(attempts.load(ordering: .relaxed))")
        // It came within the longest wait.
        #expect(try #require(delivered.values.first).time <= back + 900)
    }

    // DUR-1
    @Test func `Each place gets one recording at a time, and only so many places at once do`() async throws {
        let shelf = try Shelf()
        let database = try shelf.database()
        for number in 0..<30 { try shelf.add(number, to: database, ["dir:/\(number % 10)"]) }
        let running = Mutex([String: Int]())
        let most = Atomic(0)
        let relay = makeRelay(shelf, database) { delivery, _ in
            let (here, places) = running.withLock { running in
                running[delivery.target, default: 0] += 1
                return (running[delivery.target], running.values.count { $0 > 0 })
            }
            #expect(here == 1)
            most.max(places, ordering: .relaxed)
            try await Task.sleep(for: .milliseconds(2))
            running.withLock { $0[delivery.target, default: 0] -= 1 }
            return nil
        }
        try await relay.deliverAll()
        #expect(try database.storedRecordings().flatMap(\.deliveries).allSatisfy { $0.state == .delivered })
        #expect((2...4).contains(most.load(ordering: .relaxed)))
    }

    // EXP-9: one that always fails keeps no other from its turn, and is tried ever more rarely.
    @Test func `A recording that its place never takes delays no other`() async throws {
        let shelf = try Shelf()
        let database = try shelf.database()
        let bad = try shelf.add(0, startedAt: Shelf.start - 1, to: database)
        let good = try (1...5).map { try shelf.add($0, startedAt: Shelf.start + Double($0), to: database) }
        let delivered = Journal<String>()
        let tries = Journal<Double>()
        let relay = makeRelay(shelf, database) { _, recording in
            guard recording.recordingID != bad.id else {
                tries.append(shelf.now - Shelf.start)
                throw Self.busy
            }
            delivered.append(recording.recordingID)
            return nil
        }
        shelf.afterWaits { if $0 > Shelf.start + 86400 { await relay.finish() } }
        await relay.run()
        #expect(delivered.values == good.map(\.id))
        // Each hour, about, in the end.
        #expect((15...100).contains(tries.values.count), "\(tries.values.count)")
        let delivery = try #require(try database.deliveries(of: bad.id).first)
        #expect(delivery.state == .pending && delivery.error == "500")
        #expect(delivery.attemptCount == tries.values.count)
        #expect(shelf.report(of: bad)?.exports.first?.outcome == .deferred)
        #expect(shelf.report(of: bad)?.exports.first?.error == "500")
    }

    // EXP-9: what has to be set up first is not tried blindly.
    @Test func `Where something is to be set up, one recording an hour tells whether it was`() async throws {
        let shelf = try Shelf()
        let database = try shelf.database()
        let files = try (0..<5).map { try shelf.add($0, startedAt: Shelf.start + Double($0), to: database) }
        let delivered = Journal<String>()
        let tries = Journal<Double>()
        let relay = makeRelay(shelf, database) { _, recording in
            guard shelf.now > Shelf.start + 5.5 * 3600 else {
                tries.append(shelf.now)
                throw Self.forbidden
            }
            delivered.append(recording.recordingID)
            return nil
        }
        shelf.afterWaits { if $0 > Shelf.start + 86400 { await relay.finish() } }
        await relay.run()
        #expect(tries.values.count == 6)
        #expect(delivered.values == files.map(\.id))
    }

    // EXP-9, DUR-1
    @Test func `What is refused for good is told, and tried again only on request`() async throws {
        let shelf = try Shelf()
        let database = try shelf.database()
        let file = try shelf.add(0, to: database)
        let isTaken = Atomic(true)
        let calls = Atomic(0)
        let tracer = InMemoryTracer()
        let relay = makeRelay(shelf, database, tracer: tracer) { _, _ in
            calls.add(1, ordering: .relaxed)
            if isTaken.load(ordering: .relaxed) { throw Self.taken }
            return RecordingExportResult(recordingURL: "https://there/1")
        }
        for _ in 0..<3 { try await relay.deliverAll() }
        #expect(calls.load(ordering: .relaxed) == 1)
        #expect(try database.deliveries(of: file.id).map(\.state) == [.refused])
        #expect(shelf.report(of: file)?.exports.map(\.outcome) == [.failed])
        #expect(shelf.report(of: file)?.status == .failed)
        isTaken.store(false, ordering: .relaxed)
        let made = try await relay.deliver(StoredRecording(file), database.deliveries(of: file.id))
        #expect(made.map(\.state) == [.delivered])
        #expect(made.first?.receipt?.recordingURL == "https://there/1")
        #expect(shelf.report(of: file)?.status == .attached)
        let spans = tracer.finishedSpans
        #expect(spans.map(\.operationName) == ["recording_delivery", "recording_delivery"])
        #expect(spans.map { $0.status?.code == .error } == [true, false])
        #expect(spans.last?.attributes.get("lk.recording_url") == .string("https://there/1"))
    }

    // DUR-1, EXP-6: nothing is sent twice that a receipt proves.
    @Test func `A receipt in the report counts where the outbox does not know of it`() async throws {
        let shelf = try Shelf()
        let database = try shelf.database()
        let file = try shelf.add(0, to: database)
        var report = try #require(shelf.report(of: file))
        report.exports[0].outcome = .attached
        report.exports[0].recordingURL = "https://there/1"
        try report.json().write(toFile: file.path + ".json", atomically: true, encoding: .utf8)
        let relay = makeRelay(shelf, database) { _, _ in
            Issue.record("it was delivered again")
            return nil
        }
        try await relay.deliverAll()
        #expect(try database.deliveries(of: file.id).first?.receipt?.recordingURL == "https://there/1")
    }

    // DUR-1: what the report tells of is not delivered again.
    @Test func `Of a recording that goes to two places at once, the report tells both`() async throws {
        let shelf = try Shelf()
        let database = try shelf.database()
        let file = try shelf.add(0, to: database, ["dir:/slow", "dir:/fast"])
        let relay = makeRelay(shelf, database) { delivery, recording in
            // Ends once the report tells of the other.
            while delivery.destination == "dir:/slow", shelf.report(of: file)?.exports[1].outcome != .attached {
                try await Task.sleep(for: .milliseconds(1))
            }
            return RecordingExportResult(recordingID: recording.recordingID)
        }
        try await relay.deliverAll()
        #expect(shelf.report(of: file)?.exports.map(\.outcome) == [.attached, .attached])
    }

    // DUR-1
    @Test func `A lost database is made again from the folders, and nothing is delivered twice`() async throws {
        let shelf = try Shelf()
        let calls = Journal<String>()
        let export: @Sendable (Delivery, SessionRecording) async throws -> RecordingExportResult? = {
            delivery,
            recording in
            if delivery.destination == "dir:/closed" { throw Self.offline }
            calls.append("\(recording.sessionID) \(delivery.target)")
            return RecordingExportResult(recordingID: recording.recordingID)
        }
        let expected = ["session 0 dir:/open", "session 1 dir:/open"]
        try await {
            let database = try shelf.database()
            for number in 0..<2 {
                try shelf.add(
                    number,
                    startedAt: Shelf.start + Double(number),
                    to: database,
                    ["dir:/open", "dir:/closed"]
                )
            }
            try await makeRelay(shelf, database, export).deliverAll()
            #expect(calls.values == expected)
        }()
        for name in try FileManager.default.contentsOfDirectory(atPath: shelf.state) where name.hasPrefix("tapeline.") {
            try FileManager.default.removeItem(atPath: "\(shelf.state)/\(name)")
        }
        // One that no database ever knew, and one whose URL no report keeps.
        try shelf.add(2, startedAt: Shelf.start + 2, to: nil, ["dir:/open"])
        let hidden = try shelf.add(3, startedAt: Shelf.start + 3, to: nil, ["https://host/?…"])
        let database = try shelf.database()
        let relay = makeRelay(shelf, database, export)
        try await relay.learn(below: [shelf.state])
        #expect(try database.storedRecordings().count == 4)
        try await relay.deliverAll()
        #expect(calls.values == expected + ["session 2 dir:/open"])
        #expect(try database.deliveries(of: hidden.id).map(\.state) == [.refused])
        let states = try database.storedRecordings().map { $0.deliveries.map(\.state) }
        #expect(states == [[.delivered, .pending], [.delivered, .pending], [.delivered], [.refused]])
    }

    // DUR-1
    @Test func `Two processes that empty one outbox deliver each recording once`() async throws {
        let shelf = try Shelf()
        let first = try shelf.database()
        let second = try shelf.database()
        for number in 0..<40 { try shelf.add(number, to: first, ["dir:/\(number % 2)"]) }
        let calls = Mutex([String: Int]())
        let running = Mutex([String: Int]())
        let relays = [first, second].map { database in
            makeRelay(shelf, database) { delivery, recording in
                let here = running.withLock { running in
                    running[delivery.target, default: 0] += 1
                    return running[delivery.target]
                }
                #expect(here == 1)
                try await Task.sleep(for: .milliseconds(1))
                calls.withLock { $0[recording.recordingID, default: 0] += 1 }
                running.withLock { $0[delivery.target, default: 0] -= 1 }
                return nil
            }
        }
        let end = Shelf.start + 1e6
        shelf.afterWaits { now in
            let isDone = calls.withLock { $0.count == 40 }
            if isDone || now > end { for relay in relays { await relay.finish() } }
        }
        await withTaskGroup { group in
            for relay in relays { group.addTask { await relay.run() } }
        }
        #expect(calls.withLock { $0.count } == 40)
        #expect(calls.withLock { $0.values.allSatisfy { $0 == 1 } })
    }

    // CLI-1, DUR-1
    @Test func `A delivery that is cancelled is tried again, and finish waits for it`() async throws {
        let shelf = try Shelf()
        let database = try shelf.database()
        let file = try shelf.add(0, to: database)
        try shelf.add(1, startedAt: Shelf.start + 1, to: database)
        let (arrivals, arrived) = AsyncStream.makeStream(of: Void.self)
        let gate = Gate()
        let calls = Atomic(0)
        let relay = makeRelay(shelf, database) { _, _ in
            arrived.yield()
            if calls.add(1, ordering: .relaxed).newValue == 1 { try await Task.sleep(for: .seconds(3600)) }
            await gate.wait()
            return nil
        }
        let cancelled = Task { await relay.run() }
        for await _ in arrivals { break }
        cancelled.cancel()
        await cancelled.value
        let delivery = try #require(try database.deliveries(of: file.id).first)
        #expect(delivery.state == .pending && delivery.attemptCount == 1)
        shelf.set(Shelf.start + 7200)
        let running = Task { await relay.run() }
        for await _ in arrivals { break }
        await relay.finish()
        gate.open()
        await running.value
        // The one that was under way, and no further one.
        #expect(calls.load(ordering: .relaxed) == 2)
        #expect(try database.deliveries(of: file.id).map(\.state) == [.delivered])
    }

    // DUR-1: clocks jump.
    @Test func `A clock that was set back by years delays nothing`() async throws {
        let shelf = try Shelf()
        let database = try shelf.database()
        let file = try shelf.add(0, to: database)
        var delivery = try #require(try database.deliveries(of: file.id).first)
        delivery.nextAttemptAt = Shelf.start + 1e9
        try database.update([delivery])
        let calls = Atomic(0)
        let relay = makeRelay(shelf, database) { _, _ in
            calls.add(1, ordering: .relaxed)
            return nil
        }
        shelf.afterWaits { if $0 > Shelf.start + 300 { await relay.finish() } }
        await relay.run()
        #expect(calls.load(ordering: .relaxed) == 1)
    }

    // EXP-6: without its report nobody knows what a file is.
    @Test func `A recording whose report or file is gone is refused with a sentence`() async throws {
        let shelf = try Shelf()
        let database = try shelf.database()
        let file = try shelf.add(0, to: database)
        try FileManager.default.removeItem(atPath: file.path + ".json")
        let relay = makeRelay(shelf, database) { _, _ in
            Issue.record("it was called")
            return nil
        }
        try await relay.deliverAll()
        let delivery = try #require(try database.deliveries(of: file.id).first)
        #expect(delivery.state == .refused)
        #expect(delivery.error?.contains("\(file.path).json cannot be read") == true)
    }
}
