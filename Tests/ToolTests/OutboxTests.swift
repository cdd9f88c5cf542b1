import Foundation
import Glibc
import LoopbackServer
import TestSupport
import Testing

/// What could not be delivered at once, by the whole program (DUR-1, EXP-9).
@Suite(.timeLimit(.minutes(10))) struct OutboxTests {
    /// `tapeline list --json`, as far as the tests look at it.
    private struct Entry: Decodable {
        struct Delivery: Decodable {
            struct Receipt: Decodable { var recordingUrl: String? }
            var destination: String?
            var state: String
            var error: String?
            var receipt: Receipt?
        }
        var recordingId: String
        var state: String
        var deliveries: [Delivery]
    }

    /// A server that takes recordings only once it is open.
    private final class Shop: Sendable {
        let server: LoopbackServer
        private let opening = Journal<Void>()
        private let deliveries = Journal<String>()

        init(closed: LoopbackServer.Reply = .init(503)) throws {
            server = try LoopbackServer { [opening, deliveries] _, request in
                guard !opening.values.isEmpty else { return closed }
                deliveries.append(request.target)
                return .init(201)
            }
        }

        func open() { opening.append(()) }
        /// The paths of what was delivered.
        var taken: [String] { deliveries.values }
    }

    private func list(_ tapeline: Tapeline) async throws -> [Entry] {
        let outcome = try await tapeline.run(["list", "--state", tapeline.state, "--json"])
        #expect(outcome.exitCode == 0, "\(outcome.standardError)")
        return try Report.decoder.decode([Entry].self, from: Data(outcome.standardOutput.utf8))
    }

    private func report(_ recording: Report.Recording) throws -> Report {
        try Report.decoder.decode(Report.self, from: Data(contentsOf: URL(fileURLWithPath: recording.path + ".json")))
    }

    /// A recording of a second that `url` did not take.
    private func deferred(_ tapeline: Tapeline, _ url: String) async throws -> Report {
        let device = try tapeline.device(Ramp(), frames: 48000, "SPEED=max")
        let outcome = try await tapeline.record(device, ["--export", url])
        #expect(outcome.exitCode == 75, "\(outcome.standardError)")
        let report = try #require(outcome.report)
        #expect(report.exports.map(\.outcome) == ["deferred"])
        return report
    }

    // DUR-1, EXP-6, EXP-9, SPAN-2, CLI-3
    @Test func `What a server did not take, the next recording delivers beside itself`() async throws {
        let tapeline = try Tapeline()
        let shop = try Shop()
        let url = "\(shop.server.url)/in/?key=secret#timeout=1"
        var reports: [Report] = []
        for _ in 0..<2 { reports.append(try await deferred(tapeline, url)) }
        #expect(reports.map(\.status) == ["deferred", "deferred"])
        #expect(reports.allSatisfy { $0.exports.first?.destination == "\(shop.server.url)/in/?…#timeout=1" })
        #expect(try await list(tapeline).map(\.state) == ["pending", "pending"])

        shop.open()
        let device = try tapeline.device(Ramp(), frames: 96_000, "LOOP=1")
        let running = try tapeline.start(device)
        for report in reports {
            let path = try #require(report.recording).path
            let isDelivered = try await running.process.says("tapeline: delivered \(path) by http")
            #expect(isDelivered)
        }
        running.process.send(SIGTERM)
        #expect(try await running.ended().exitCode == 0)

        let recordings = try reports.map { try #require($0.recording) }
        #expect(shop.taken == recordings.map { "/in/\($0.id).wav?key=secret" })
        #expect(shop.server.received.suffix(2).map(\.sha256) == recordings.map(\.sha256))
        for (recording, report) in zip(recordings, reports) {
            let later = try self.report(recording)
            #expect(later.status == "attached")
            #expect(later.exports.map(\.recordingUrl) == ["\(shop.server.url)/in/\(recording.id).wav"])
            let spans = try tapeline.spans().filter { $0["tapeline.recording.id"] == recording.id }
            #expect(spans.map(\.name) == ["recording_delivery"])
            #expect(spans.first?.links == [.init(traceId: report.traceId, spanId: report.spanId)])
            #expect(spans.first?.traceId != report.traceId)
            #expect(spans.first?["lk.recording_url"] == "\(shop.server.url)/in/\(recording.id).wav")
            #expect(spans.first?["tapeline.recording.sha256"] == recording.sha256)
        }
        #expect(try await list(tapeline).map(\.state) == ["delivered", "delivered", "local"])
        let all = tapeline.folder.contents.filter { $0.hasSuffix(".json") || $0.hasSuffix(".jsonl") }
        for name in all {
            #expect(try !String(contentsOfFile: "\(tapeline.folder.path)/\(name)", encoding: .utf8).contains("secret"))
        }
    }

    // DUR-1, SES-4: where the place is known beforehand, the session's span tells it.
    @Test func `A deferred upload to S3 has its URL on the session's span`() async throws {
        let tapeline = try Tapeline()
        let server = try LoopbackServer(.init(503))
        let device = try tapeline.device(Ramp(), frames: 48000, "SPEED=max")
        let outcome = try await tapeline.record(
            device,
            ["--export", "s3://calls/{recording_id}.{ext}?endpoint=\(server.url)&timeout=1"],
            environment: ["AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_REGION": "eu-west-1"]
        )
        let recording = try outcome.recording(exitCode: 75)
        let url = "\(server.url)/calls/\(recording.id).wav"
        #expect(outcome.report?.status == "deferred")
        #expect(outcome.report?.exports.map(\.recordingUrl) == [url])
        let span = try #require(try tapeline.spans().first)
        #expect(span.name == "agent_session")
        #expect(span["lk.recording_url"] == url)
        #expect(span["tapeline.recording.status"] == "deferred")
    }

    // DUR-1, CLI-3
    @Test func `recover delivers what is left, and tells whether anything still is`() async throws {
        let tapeline = try Tapeline()
        let shop = try Shop()
        let recording = try #require(try await deferred(tapeline, "\(shop.server.url)/#timeout=1").recording)
        let recover = ["recover", "--state", tapeline.state]
        #expect(try await tapeline.run(recover).exitCode == 75)
        shop.open()
        let outcome = try await tapeline.run(recover)
        #expect(outcome.exitCode == 0, "\(outcome.standardError)")
        #expect(outcome.standardError.contains("tapeline: delivered \(recording.path) by http"))
        #expect(try await tapeline.run(recover).exitCode == 0)
        #expect(shop.taken == ["/\(recording.id).wav"])
    }

    // DUR-1: an empty file is found in its place.
    @Test func `Without libcurl a recording waits until there is one, and is told what to install`() async throws {
        let tapeline = try Tapeline()
        let server = try LoopbackServer(.init(201))
        let libraries = "\(tapeline.folder.path)/libraries"
        try FileManager.default.createDirectory(atPath: libraries, withIntermediateDirectories: true)
        _ = try tapeline.folder.write(Data(), to: "libraries/libcurl.so.4")
        let outcome = try await tapeline.record(
            try tapeline.device(Ramp(), frames: 48000, "SPEED=max"),
            ["--export", "\(server.url)/", "--export", "dir:archive"],
            environment: ["LD_LIBRARY_PATH": libraries]
        )
        let recording = try outcome.recording(exitCode: 75)
        #expect(outcome.report?.exports.map(\.outcome) == ["failed", "attached"])
        #expect(
            outcome.report?.exports.first?.error?.hasSuffix(": libcurl cannot be loaded: install the package libcurl4")
                == true
        )
        #expect(try await list(tapeline).map(\.state) == ["pending"])
        #expect(try await tapeline.run(["recover", "--state", tapeline.state]).exitCode == 0)
        #expect(server.received.map(\.target) == ["/\(recording.id).wav"])
    }

    // DUR-1: also through a crash in the middle of it.
    @Test func `A delivery that is killed is made by the next process`() async throws {
        let tapeline = try Tapeline()
        let shop = try Shop(closed: .init(201, .hang))
        let device = try tapeline.device(Ramp(), frames: 48000, "SPEED=max")
        let first = try tapeline.start(device, ["--export", "\(shop.server.url)/#timeout=600"])
        for await _ in shop.server.arrivals { break }
        first.process.send(SIGKILL)
        _ = try await first.process.ended()
        // The session's own delivery was killed; now one from the outbox is.
        let second = try ChildProcess(BuiltProducts.tapeline, ["recover", "--state", tapeline.state])
        for await _ in shop.server.arrivals { break }
        second.send(SIGKILL)
        _ = try await second.ended()
        shop.open()
        let outcome = try await tapeline.run(["recover", "--state", tapeline.state])
        #expect(outcome.exitCode == 0, "\(outcome.standardError)")
        #expect(shop.taken.count == 1)
        let entries = try await list(tapeline)
        #expect(entries.map(\.state) == ["delivered"])
        #expect(try tapeline.spans().filter { $0.name == "agent_session" }.count == 1)
    }

    // CLI-1
    @Test func `A signal at the end leaves earlier recordings for another time`() async throws {
        let tapeline = try Tapeline()
        let shop = try Shop(closed: .init(201, .hang))
        let quick = try LoopbackServer(.init(503))
        _ = try await deferred(tapeline, "\(quick.url)/#timeout=1")
        let id = try #require(try await list(tapeline).first?.recordingId)
        // To a place that hangs from now on.
        let export = try ChildProcess(
            BuiltProducts.tapeline,
            ["export", id, "\(shop.server.url)/#timeout=600", "--state", tapeline.state]
        )
        for await _ in shop.server.arrivals { break }
        export.send(SIGKILL)
        _ = try await export.ended()
        let device = try tapeline.device(Ramp(), frames: 96_000, "LOOP=1")
        let running = try tapeline.start(device)
        try await running.isRecording()
        for await _ in shop.server.arrivals { break }
        running.process.send(SIGTERM)
        // One after the recording's end skips what is under way.
        while running.process.isRunning, tapeline.folder.contents.count(where: { $0.hasSuffix(".wav.json") }) < 2 {
            try await Task.sleep(for: .milliseconds(5))
        }
        running.process.send(SIGTERM)
        let outcome = try await running.ended()
        #expect(outcome.exitCode == 0, "\(outcome.standardError)")
        #expect(try await list(tapeline).map(\.state) == ["pending", "local"])
    }

    // DUR-1: again, or to a new place.
    @Test func `export delivers again, or to a new place, which the report tells`() async throws {
        let tapeline = try Tapeline()
        let device = try tapeline.device(Ramp(), frames: 48000, "SPEED=max")
        let recording = try await tapeline.record(device, ["--export", "dir:one"]).recording()
        let archive = tapeline.folder.path
        let export = ["--state", tapeline.state]
        let id = String(recording.id.prefix(8))
        // What somebody deleted there is delivered again.
        try FileManager.default.removeItem(atPath: "\(archive)/one/\(recording.id).wav")
        let again = try await tapeline.run(["export", id] + export)
        #expect(again.exitCode == 0, "\(again.standardError)")
        #expect(again.standardOutput == "directory: delivered \(recording.id)\n")
        #expect(FileManager.default.contents(atPath: "\(archive)/one/\(recording.id).wav")?.count == recording.bytes)
        // By its file, to a new place.
        let new = try await tapeline.run(["export", recording.path, "dir:two?reference=path"] + export)
        #expect(new.standardOutput == "directory: delivered \(archive)/two/\(recording.id).wav\n")
        #expect(
            try report(recording).exports.map(\.destination) == [
                "dir:\(archive)/one", "dir:\(archive)/two?reference=path",
            ]
        )
        #expect(try report(recording).exports.last?.recordingPath == "\(archive)/two/\(recording.id).wav")
        // To one that does not take it: it stays in the outbox.
        let server = try LoopbackServer(.init(403))
        let refused = try await tapeline.run(["export", id, "\(server.url)/"] + export)
        #expect(refused.exitCode == 75)
        #expect(refused.standardOutput.contains("it answered 403"))
        let entry = try #require(try await list(tapeline).first)
        #expect(entry.deliveries.map(\.state) == ["delivered", "delivered", "pending"])
        #expect(entry.deliveries.last?.error?.contains("it answered 403") == true)
        let text = try await tapeline.run(["list"] + export).standardOutput
        #expect(text.hasPrefix("\(recording.id) "))
        #expect(text.contains("\n    delivered dir:\(archive)/one \(recording.id)\n"))
    }

    // DUR-4
    @Test func `Beyond the disk's budget delivered recordings go, the oldest first, and no other ever does`()
        async throws
    {
        let tapeline = try Tapeline()
        let server = try LoopbackServer(.init(503))
        let device = try tapeline.device(Ramp(), frames: 48000, "SPEED=max")
        // Two of 384 KB each are less than 800 KB.
        let budget = ["--disk-budget", "800k"]
        let exports = [
            ["--export", "dir:archive", "--export", "\(server.url)/#timeout=1"], ["--export", "dir:archive"], [],
            ["--export", "exec:/bin/true"], ["--export", "dir:archive"],
        ]
        var recordings: [Report.Recording] = []
        for arguments in exports {
            let outcome = try await tapeline.record(device, arguments + budget)
            recordings.append(try #require(outcome.report?.recording, "\(outcome.standardError)"))
            let isBeyond = recordings.count >= 4
            #expect(outcome.standardError.contains("not delivered, so that none of these is deleted") == isBeyond)
        }
        // Not delivered, to nowhere, without a receipt: these stay.
        #expect(try await list(tapeline).map(\.state) == ["pending", "removed", "local", "delivered", "removed"])
        let isThere = recordings.map { FileManager.default.fileExists(atPath: $0.path) }
        #expect(isThere == [true, false, true, true, false])
        #expect(!tapeline.folder.contents.contains { $0.contains(recordings[1].id) && $0.contains("recordings/") })
        for recording in recordings where ![recordings[2].id, recordings[3].id].contains(recording.id) {
            let copy = try SoundFileReader.read("\(tapeline.folder.path)/archive/\(recording.id).wav")
            #expect(Ramp().runs(in: copy) == [Run(0, 48000, .ramp(offset: 0))])
        }
    }

    // CLI-3
    @Test(arguments: [
        (["export", "nobody"], "no recording is nobody: see tapeline list"),
        (["export", "/no/such.wav"], "no recording is /no/such.wav: see tapeline list"),
        (["export", "a", "ftp://host/"], "ftp: is no exporter"),
    ]) func `export tells in a sentence what cannot be delivered`(arguments: [String], sentence: String) async throws {
        let tapeline = try Tapeline()
        let outcome = try await tapeline.run(arguments + ["--state", tapeline.state])
        #expect(outcome.exitCode == 64)
        #expect(outcome.standardError.contains(sentence), "\(outcome.standardError)")
    }

    // DUR-1: a state folder of an earlier version.
    @Test func `The first version's database gets the outbox, and keeps its journal`() async throws {
        let tapeline = try Tapeline()
        try FileManager.default.createDirectory(atPath: tapeline.state, withIntermediateDirectories: true)
        let made = try await ChildProcess.run(
            "/usr/bin/env",
            [
                "python3", "-c",
                """
                import sqlite3, sys
                db = sqlite3.connect(sys.argv[1])
                db.execute("CREATE TABLE grdb_migrations (identifier TEXT NOT NULL PRIMARY KEY)")
                db.execute("INSERT INTO grdb_migrations VALUES ('journal')")
                db.execute("CREATE TABLE open_recording (recording_id TEXT PRIMARY KEY, owner TEXT NOT NULL, "
                    "file_path TEXT, started_at REAL NOT NULL, facts TEXT NOT NULL)")
                db.execute("INSERT INTO open_recording VALUES ('i', 'o', '/no/such.wav', 1, ?)", ['{"recordingID": "i", '
                    '"sessionID": "s", "startedAt": 1, "filePath": "/no/such.wav", "container": "wav", '
                    '"replacesFile": false, "span": {}, "parent": {}, "exporterURLs": [], "exporterFolder": "/", '
                    '"version": "0.0.9"}'])
                db.commit()
                """,
                "\(tapeline.state)/tapeline.sqlite",
            ]
        )
        #expect(made.exitCode == 0, "\(made.standardError)")
        #expect(try await list(tapeline).map(\.state) == ["interrupted"])
        #expect(try await tapeline.run(["recover", "--state", tapeline.state]).exitCode == 0)
        #expect(try await list(tapeline).isEmpty)
    }
}
