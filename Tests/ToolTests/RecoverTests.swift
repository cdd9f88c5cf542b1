import Foundation
import Glibc
import TestSupport
import Testing

/// The program killed at any moment, and what the next start makes of it (DUR-2, REC-8).
@Suite(.timeLimit(.minutes(10))) struct RecoverTests {
    private let ramp = Ramp("S24_3LE", channels: 2, rate: 48000)
    private let parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"

    /// Starts a recording of the ramp, and kills it so long after it said that it records.
    private func kill(
        _ tapeline: Tapeline,
        after seconds: Double,
        _ arguments: [String],
        environment: [String: String] = [:]
    ) async throws {
        let device = try tapeline.device(ramp, frames: ramp.cycle, "LOOP=1")
        let running = try tapeline.start(device, arguments, environment: environment)
        try await running.isRecording()
        try await Task.sleep(for: .seconds(seconds))
        running.process.send(SIGKILL)
        #expect(try await running.process.ended().signal == SIGKILL)
    }

    private func recover(_ tapeline: Tapeline, _ arguments: [String] = [], exitCode: Int32 = 0) async throws -> [Report]
    {
        let outcome = try await tapeline.run(["recover", "--state", tapeline.state, "--json"] + arguments)
        #expect(outcome.exitCode == exitCode, "\(outcome.standardError)")
        return try Report.decoder.decode([Report].self, from: Data(outcome.standardOutput.utf8))
    }

    /// What must hold of a recording that was recovered, whoever did it.
    private func check(_ report: Report, _ tapeline: Tapeline, killedAfter seconds: Double?) async throws {
        let recording = try #require(report.recording)
        let recovered = try #require(report.recovered)
        let place: Comment = "\(recording.container)"
        #expect(recovered.damagedBytes == 0, place)
        #expect(recovered.lostFramesAtMost >= 48000, place)
        if let seconds {
            #expect(recording.frames + recovered.lostFramesAtMost >= Int(seconds * 48000), place)
        }
        let sound =
            recording.container == "flac"
            ? try await Decoder.flac(recording.path, hasDigest: false) : try await recording.sound()
        #expect(sound.frames == recording.frames, place)
        if !recording.container.hasPrefix("ogg") {
            // Where the machine stood still for longer than the device's buffer, there is silence.
            let runs = ramp.runs(in: sound)
            #expect(runs.first?.content == .ramp(offset: 0), place)
            #expect(runs.allSatisfy { $0.content == .ramp(offset: 0) || $0.content == .silence }, place)
        }
        let spans = try tapeline.spans().filter { $0.spanId == report.spanId }
        #expect(spans.count == 1, place)
        let span = try #require(spans.first)
        #expect(span.name == "agent_session" && span.isRecovered, place)
        #expect(span.traceId == report.traceId, place)
        #expect(span["tapeline.recording.sha256"] == recording.sha256, place)
        let start = try #require(Double(span.startTimeUnixNano)) / 1e9
        #expect(abs(start - (try secondsSince1970(report.startedAt))) < 0.002, place)
        #expect(try #require(Double(span.endTimeUnixNano)) / 1e9 >= start + recording.durationS - 0.002, place)
        #expect(!tapeline.folder.contents.contains { $0.hasSuffix(".part") }, place)
        #expect(FileManager.default.fileExists(atPath: recording.path + ".json"), place)
    }

    // DUR-2, REC-7, REC-8, SES-10
    @Test(arguments: ["wav", "rf64", "w64", "flac", "ogg-vorbis", "ogg-opus"])
    func `A killed recording is whole, delivered and on its span after recover`(container: String) async throws {
        let tapeline = try Tapeline()
        let seconds = 2.2
        let arguments = ["--container", container, "--export", "dir:archive"]
        try await kill(tapeline, after: seconds, arguments, environment: ["TRACEPARENT": parent])
        #expect(try tapeline.spans().isEmpty)
        let reports = try await recover(tapeline)
        let report = try #require(reports.first)
        #expect(reports.count == 1)
        try await check(report, tapeline, killedAfter: seconds)
        #expect(report.status == "attached")
        #expect(report.recording?.sampleFormat == "S24_3LE")
        let id = try #require(report.recording?.id)
        #expect(tapeline.folder.contents.contains { $0.hasPrefix("archive/\(id).") })
        let span = try #require(try tapeline.spans().first)
        #expect(span.traceId == "4bf92f3577b34da6a3ce929d0e0e4736" && span.parentSpanId == "00f067aa0ba902b7")
        #expect(span["lk.recording_id"] == id)
        // Once is enough.
        #expect(try await recover(tapeline).isEmpty)
        #expect(try tapeline.spans().count == 1)
    }

    // DUR-2: a start of `record` does it, too, and a recording that goes on is left alone.
    @Test func `The next recording recovers the killed one, and nobody touches a live one`() async throws {
        let tapeline = try Tapeline()
        try await kill(tapeline, after: 1.2, ["--export", "dir:archive"])
        let device = try tapeline.device(ramp, frames: ramp.cycle, "LOOP=1")
        let running = try tapeline.start(device)
        let hasRecovered = try await running.process.says("tapeline: recovered ")
        #expect(hasRecovered)
        #expect(try await recover(tapeline).isEmpty)
        running.process.send(SIGTERM)
        let recording = try await running.ended().recording()
        #expect(try await recording.sound().frames == recording.frames)
        let paths = tapeline.folder.contents.filter { $0.hasSuffix(".wav.json") }
        #expect(paths.count == 2)
        for path in paths where !recording.path.hasSuffix(path.dropLast(5)) {
            let data = try Data(contentsOf: URL(fileURLWithPath: "\(tapeline.folder.path)/\(path)"))
            try await check(try Report.decoder.decode(Report.self, from: data), tapeline, killedAfter: nil)
        }
        #expect(try tapeline.spans().map(\.isRecovered).sorted { $0 && !$1 } == [true, false])
    }

    // DUR-2: killed at any moment, then again and again while it recovers.
    @Test func `However often it is killed, one recording, one report and one span come of it`() async throws {
        var random = SignalTests.SplitMix(state: 4)
        for container in ["wav", "flac", "ogg-opus"] {
            let tapeline = try Tapeline()
            let arguments = ["--container", container, "--export", "dir:archive"]
            try await kill(tapeline, after: Double.random(in: 1.1..<1.5, using: &random), arguments)
            for _ in 0..<6 {
                let process = try ChildProcess(BuiltProducts.tapeline, ["recover", "--state", tapeline.state])
                try await Task.sleep(for: .microseconds(Int.random(in: 5_000..<45_000, using: &random)))
                process.send(SIGKILL)
                _ = try await process.ended()
            }
            _ = try await recover(tapeline)
            let paths = tapeline.folder.contents.filter { $0.hasSuffix(".json") }
            #expect(paths.count == 1)
            let path = try #require(paths.first)
            let data = try Data(contentsOf: URL(fileURLWithPath: "\(tapeline.folder.path)/\(path)"))
            try await check(try Report.decoder.decode(Report.self, from: data), tapeline, killedAfter: nil)
            #expect(tapeline.folder.contents.filter { $0.hasPrefix("archive/") }.count == 1)
        }
    }

    // DUR-2: the folders are the truth.
    @Test(arguments: [true, false]) func `Without its database a recording is found by its folder`(
        isDamaged: Bool
    ) async throws {
        let tapeline = try Tapeline()
        try await kill(tapeline, after: 1.2, [])
        let database = tapeline.state + "/tapeline.sqlite"
        for suffix in ["", "-wal", "-shm"] { try? FileManager.default.removeItem(atPath: database + suffix) }
        if isDamaged { try Data("no database, but as long as one is".utf8).write(to: URL(fileURLWithPath: database)) }
        let outcome = try await tapeline.run(["recover", "--state", tapeline.state, "--json"])
        #expect(outcome.exitCode == 0)
        #expect(outcome.standardError.contains("is in no journal"))
        #expect(outcome.standardError.contains("the database is damaged") == isDamaged)
        let reports = try Report.decoder.decode([Report].self, from: Data(outcome.standardOutput.utf8))
        try await check(try #require(reports.first), tapeline, killedAfter: 1.2)
    }

    // DUR-2
    @Test func `What holds no audio is told, and its folder goes`() async throws {
        let tapeline = try Tapeline()
        try await kill(tapeline, after: 0, [])
        let part = try #require(tapeline.folder.contents.first { $0.hasSuffix(".part") })
        #expect(unsafe truncate("\(tapeline.folder.path)/\(part)", 10) == 0)
        let reports = try await recover(tapeline, exitCode: 74)
        #expect(reports.map(\.status) == ["failed"])
        #expect(try tapeline.spans().map(\.isRecovered) == [true])
        #expect(!tapeline.folder.contents.contains { $0.hasPrefix("state/recordings/") && $0.contains("recording.") })
        #expect(try await recover(tapeline).isEmpty)
    }
}
