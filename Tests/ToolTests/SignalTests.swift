import Foundation
import Glibc
import LoopbackServer
import TestSupport
import Testing

/// A signal ends a recording, never damages it (CLI-1, REC-5).
@Suite(.timeLimit(.minutes(10))) struct SignalTests {
    /// The same moments in every run.
    struct SplitMix: RandomNumberGenerator {
        var state: UInt64

        mutating func next() -> UInt64 {
            state &+= 0x9E37_79B9_7F4A_7C15
            var mixed = state
            mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
            mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
            return mixed ^ (mixed >> 31)
        }
    }

    struct Moment {
        var number: Int
        var signal: Int32
        var seconds: Double
        var container: String
    }

    static let moments: [Moment] = {
        var random = SplitMix(state: 2)
        let containers = ["wav", "rf64", "w64", "flac", "ogg-vorbis", "ogg-opus"]
        return (0..<100).map { number in
            Moment(
                number: number,
                signal: [SIGINT, SIGTERM, SIGHUP][number % 3],
                seconds: Double.random(in: 0..<1.6, using: &random),
                container: containers[number % containers.count]
            )
        }
    }()

    // CLI-1, CLI-3, REC-2, REC-5, REC-7, SPAN-1: ten at a time.
    @Test func `100 signals at random moments leave 100 whole recordings`() async throws {
        let tapeline = try Tapeline()
        let ramp = Ramp("S24_3LE", channels: 2, rate: 48000)
        let device = try tapeline.device(ramp, frames: ramp.cycle, "LOOP=1")
        try await withThrowingTaskGroup(of: Void.self) { group in
            var waiting = Self.moments[...]
            for _ in 0..<10 {
                guard let moment = waiting.popFirst() else { break }
                group.addTask { try await interrupt(at: moment, device, ramp) }
            }
            while try await group.next() != nil {
                guard let moment = waiting.popFirst() else { continue }
                group.addTask { try await interrupt(at: moment, device, ramp) }
            }
        }
    }

    // CLI-1: SIGUSR1, twice; each file with a report, an export and a span of its own.
    @Test func `SIGUSR1 goes on in the next file, with no frame lost or doubled`() async throws {
        let tapeline = try Tapeline()
        let ramp = Ramp("S24_3LE", channels: 2, rate: 48000)
        let device = try tapeline.device(ramp, frames: ramp.cycle, "LOOP=1")
        let folder = tapeline.folder.path
        let running = try tapeline.start(device, ["--output", "take.wav", "--export", "dir:archive"])
        for number in ["take.wav", "take-01.wav", "take-02.wav"] {
            let isRecording = try await running.process.says("S24_3LE to \(folder)/\(number)\n")
            #expect(isRecording)
            try await Task.sleep(for: .milliseconds(600))
            running.process.send(number == "take-02.wav" ? SIGTERM : SIGUSR1)
        }
        let outcome = try await running.ended()
        #expect(try outcome.recording().path == "\(folder)/take-02.wav")
        var place = 0
        for name in ["take.wav", "take-01.wav", "take-02.wav"] {
            let sound = try SoundFileReader.read("\(folder)/\(name)", as: "wav")
            #expect(sound.frames > 0)
            let runs = ramp.runs(in: sound)
            #expect(runs.count == 1)
            guard case .ramp(let offset) = try #require(runs.first).content else {
                Issue.record("\(name) is not the ramp")
                continue
            }
            #expect((offset - place) % ramp.cycle == 0)
            place += sound.frames
            #expect(FileManager.default.fileExists(atPath: "\(folder)/\(name).json"))
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: "\(folder)/archive").count == 3)
        let spans = try tapeline.spans()
        #expect(spans.count == 3)
        #expect(spans.allSatisfy { $0["tapeline.recording.status"] == "attached" })
    }

    private func interrupt(at moment: Moment, _ device: String, _ ramp: Ramp) async throws {
        let tapeline = try Tapeline()
        let running = try tapeline.start(device, ["--container", moment.container])
        try await running.isRecording()
        try await Task.sleep(for: .seconds(moment.seconds))
        let signalled = Date().timeIntervalSince1970
        running.process.send(moment.signal)
        let outcome = try await running.ended()
        let place: Comment = "number \(moment.number): \(moment.container), signal \(moment.signal)"
        let recording = try outcome.recording()
        #expect(recording.gaps.isEmpty, place)
        #expect(recording.droppedFrames == 0, place)
        // Every frame captured up to the signal; the start is told to the millisecond.
        let wall = signalled - (try secondsSince1970(recording.startedAt))
        let period = 0.25
        #expect(recording.durationS >= wall - period, place)
        #expect(recording.durationS == Double(recording.frames) / 48000, place)

        let sound = try await recording.sound()
        #expect(sound.frames == recording.frames, place)
        if !moment.container.hasPrefix("ogg") {
            // Nothing missing, nothing doubled, from the first frame on.
            let expected = recording.frames == 0 ? [] : [Run(0, recording.frames, .ramp(offset: 0))]
            #expect(ramp.runs(in: sound) == expected, place)
        }
        let spans = try tapeline.spans()
        #expect(spans.map(\.name) == ["agent_session"], place)
        #expect(spans.first?.traceId == outcome.report?.traceId, place)
        #expect(spans.first?.spanId == outcome.report?.spanId, place)
        #expect(spans.first?["tapeline.recording.sha256"] == recording.sha256, place)
        #expect(!tapeline.folder.contents.contains { $0.hasSuffix(".part") }, place)
        #expect(outcome.sentences.isEmpty, place)
    }

    // CLI-1
    @Test func `Under nohup a closed terminal ends nothing`() async throws {
        let tapeline = try Tapeline()
        let device = try tapeline.device(Ramp(), frames: 240_000)
        let arguments = ["record", "--device", device, "--state", tapeline.state, "--json", "--duration", "2"]
        let process = try ChildProcess(
            "/bin/sh",
            ["-c", #"trap "" HUP; exec "$0" "$@""#, BuiltProducts.tapeline] + arguments,
            environment: Tapeline.environment
        )
        try await process.says("tapeline: recording ")
        process.send(SIGHUP)
        let recording = try Outcome(try await process.ended()).recording()
        #expect(recording.frames == 96000)
        #expect(recording.gaps.isEmpty)
    }

    // CLI-1, CLI-3: the second signal skips the export, never the finalizing.
    @Test(arguments: [SIGINT, SIGTERM, SIGHUP]) func `A second signal leaves out an export that hangs`(
        _ signal: Int32
    ) async throws {
        let tapeline = try Tapeline()
        let server = try LoopbackServer(.init(201, .hang))
        let device = try tapeline.device(Ramp(), frames: 480_000)
        let running = try tapeline.start(
            device,
            ["--export", "\(server.url)/#timeout=3600", "--export", "dir:archive"]
        )
        try await running.isRecording()
        try await Task.sleep(for: .milliseconds(300))
        server.atFirstArrival { [process = running.process] in process.send(signal) }
        running.process.send(signal)
        let outcome = try await running.ended()
        let recording = try outcome.recording(exitCode: 75)
        #expect(outcome.report?.exports.map(\.outcome) == ["deferred", "deferred"])
        #expect(outcome.report?.status == "deferred")
        let runs = Ramp().runs(in: try await recording.sound())
        #expect(runs == [Run(0, recording.frames, .ramp(offset: 0))])
        #expect(try tapeline.spans().map(\.name) == ["agent_session"])
        #expect(try tapeline.spans().first?["tapeline.recording.status"] == "deferred")
    }
}
