import Foundation
import Glibc
import LoopbackServer
import TestSupport
import Testing

/// A recording in segments, by the whole program (REC-10).
@Suite(.timeLimit(.minutes(10))) struct SegmentTests {
    /// The manifest, by its keys.
    struct Manifest: Decodable {
        struct Segment: Decodable {
            var file: String
            var id: String
            var firstFrame: Int
            var frames: Int
            var startedAt: String
            var sha256: String
            var bytes: Int
            var gaps: [Report.Gap]
            var exports: [Export]?
        }
        struct Export: Decodable {
            var exporter: String
            var outcome: String
            var recordingUrl: String?
            var recordingId: String?
        }

        var recordingId: String
        var sessionId: String
        var frames: Int
        var endedAt: String?
        var segments: [Segment]

        init(_ path: String) throws {
            self = try Report.decoder.decode(Manifest.self, from: Data(contentsOf: URL(fileURLWithPath: path)))
        }

        /// No frame is missing between segments, and none is doubled.
        var isContiguous: Bool {
            var place = 0
            for segment in segments {
                guard segment.firstFrame == place else { return false }
                place += segment.frames
            }
            return place == frames
        }
    }

    private struct Entry: Decodable {
        var recordingId: String
        var segmentOf: String?
        var state: String
    }

    private let ramp = Ramp("S24_3LE", channels: 2, rate: 48000)

    private func list(_ tapeline: Tapeline) async throws -> [Entry] {
        let outcome = try await tapeline.run(["list", "--state", tapeline.state, "--json"])
        return try Report.decoder.decode([Entry].self, from: Data(outcome.standardOutput.utf8))
    }

    private func recover(_ tapeline: Tapeline, _ arguments: [String] = [], exitCode: Int32 = 0) async throws -> [Report]
    {
        let outcome = try await tapeline.run(["recover", "--state", tapeline.state, "--json"] + arguments)
        #expect(outcome.exitCode == exitCode, "\(outcome.standardError)")
        return try Report.decoder.decode([Report].self, from: Data(outcome.standardOutput.utf8))
    }

    /// The audio of a WAV file; what it is is the other tests' matter.
    private func audio(_ path: String) throws -> Data {
        let file = try Data(contentsOf: URL(fileURLWithPath: path), options: .mappedIfSafe)
        let head = try #require(file.range(of: Data("data".utf8), in: 12..<200))
        return file[(head.upperBound + 4)...]
    }

    /// Whether a segment is the ramp, looped, from a frame of the recording on.
    private func isRamp(_ sound: Sound, from firstFrame: Int) -> Bool {
        let runs = ramp.runs(in: sound)
        guard runs.count == 1, case .ramp(let offset) = runs[0].content else { return false }
        return (offset - firstFrame) % ramp.cycle == 0
    }

    // REC-10, REC-2, EXP-2: 8 channels at 192 kHz, as fast as the device gives.
    @Test func `1,000 seams lose and double no frame`() async throws {
        let tapeline = try Tapeline(in: "/dev/shm")
        let ramp = Ramp("S32_LE", channels: 8, rate: 192_000)
        // No multiple of a segment's length, so that none looks like another.
        let device = try tapeline.device(ramp, frames: 250_007, "SPEED=max", "LOOP=1")
        let length = ["--duration", "50.05"]
        let whole = try await tapeline.record(device, length + ["--output", "whole.wav"]).recording()
        let arguments = ["--output", "take.wav", "--segment", "0.05", "--export", "dir:archive"]
        let outcome = try await tapeline.record(device, length + arguments)
        let recording = try outcome.recording()
        #expect(recording.frames == whole.frames)
        #expect(recording.gaps.isEmpty && recording.droppedFrames == 0)
        let folder = tapeline.folder.path
        #expect(recording.path == "\(folder)/take.manifest.json")
        let manifest = try Manifest(recording.path)
        #expect(manifest.segments.count == 1001)
        #expect(manifest.isContiguous)
        #expect(manifest.segments.allSatisfy { $0.frames == 9600 })
        #expect(manifest.endedAt != nil)
        let expected = try audio(whole.path)
        for segment in manifest.segments {
            let start = expected.startIndex + segment.firstFrame * 32
            let isSame = try audio("\(folder)/\(segment.file)") == expected[start..<start + segment.frames * 32]
            #expect(isSame, "\(segment.file)")
        }
        for segment in manifest.segments where segment.firstFrame % 50 == 0 {
            let sum = try await ChildProcess.run("/usr/bin/sha256sum", ["\(folder)/\(segment.file)"])
            #expect(String(decoding: sum.standardOutput, as: UTF8.self).hasPrefix(segment.sha256))
        }
        #expect(Set(manifest.segments.map(\.file)).count == 1001)
        // Names sort by time.
        #expect(manifest.segments.map(\.file).sorted() == manifest.segments.map(\.file))
        #expect(manifest.segments.allSatisfy { $0.exports?.first?.recordingId == $0.id })
        let delivered = try FileManager.default.contentsOfDirectory(atPath: "\(folder)/archive")
        #expect(Set(delivered) == Set(manifest.segments.map { "\($0.id).wav" } + ["\(recording.id).json"]))
        #expect(try tapeline.spans().filter { $0["lk.recording_id"] == recording.id }.count == 1)
    }

    // REC-10, SES-10, SPAN-1, SPAN-2: one session, one span, one report, which tell of the whole.
    @Test func `Segments go to their exporters, and the manifest's URL to the span`() async throws {
        let tapeline = try Tapeline()
        let targets = Journal<String>()
        let server = try LoopbackServer { _, request in
            targets.append(request.target)
            return .init(201)
        }
        let device = try tapeline.device(ramp, frames: 130_000, "SPEED=max")
        let outcome = try await tapeline.record(device, ["--segment", "1s", "--export", "\(server.url)/in/"])
        let recording = try outcome.recording()
        let report = try #require(outcome.report)
        #expect(report.status == "attached")
        #expect(recording.frames == 130_000)
        let manifest = try Manifest(recording.path)
        #expect(manifest.recordingId == recording.id && manifest.sessionId == report.sessionId)
        #expect(manifest.segments.map(\.frames) == [48000, 48000, 34000])
        #expect(targets.values == manifest.segments.map { "/in/\($0.id).wav" } + ["/in/\(recording.id).json"])
        let received = server.received
        #expect(received.map(\.sha256) == manifest.segments.map(\.sha256) + [recording.sha256])
        for segment in manifest.segments {
            #expect(segment.exports?.map(\.recordingUrl) == ["\(server.url)/in/\(segment.id).wav"])
            let start = try secondsSince1970(segment.startedAt) - (try secondsSince1970(recording.startedAt))
            #expect(abs(start - Double(segment.firstFrame) / 48000) < 0.002)
        }
        let spans = try tapeline.spans()
        #expect(spans.map(\.name) == ["agent_session"])
        #expect(spans.first?["lk.recording_url"] == "\(server.url)/in/\(recording.id).json")
        #expect(spans.first?["lk.recording_id"] == nil || spans.first?["lk.recording_id"] == recording.id)
        #expect(spans.first?["tapeline.recording.sha256"] == recording.sha256)
        #expect(FileManager.default.fileExists(atPath: recording.path + ".json"))
    }

    // REC-10, CAP-5: a gap that a seam cuts is silence on both sides, and one gap of the whole.
    @Test func `A seam inside a gap divides its silence`() async throws {
        let tapeline = try Tapeline()
        let ramp = Ramp("S32_LE", channels: 2, rate: 48000)
        let device = try tapeline.device(ramp, frames: 5 * 48000, "XRUN=47000:2000")
        let outcome = try await tapeline.record(device, ["--duration", "3", "--segment", "1"])
        let recording = try outcome.recording()
        #expect(recording.frames == 144_000)
        #expect(recording.gaps == [Report.Gap(firstFrame: 47000, frames: 2000, cause: "xrun")])
        let manifest = try Manifest(recording.path)
        #expect(manifest.isContiguous)
        #expect(manifest.segments.map(\.frames) == [48000, 48000, 48000])
        #expect(
            manifest.segments.map(\.gaps) == [
                [Report.Gap(firstFrame: 47000, frames: 1000, cause: "xrun")],
                [Report.Gap(firstFrame: 0, frames: 1000, cause: "xrun")], [],
            ]
        )
        let folder = URL(fileURLWithPath: recording.path).deletingLastPathComponent().path
        for segment in manifest.segments {
            let sound = try SoundFileReader.read("\(folder)/\(segment.file)")
            for run in ramp.runs(in: sound) {
                let isGap = segment.gaps.contains { $0.firstFrame == run.place && $0.frames == run.frames }
                #expect(run.content == (isGap ? .silence : .ramp(offset: segment.firstFrame)))
            }
        }
    }

    // CLI-1, REC-10
    @Test func `SIGUSR1 begins the next segment at once`() async throws {
        let tapeline = try Tapeline()
        let device = try tapeline.device(ramp, frames: ramp.cycle, "LOOP=1")
        let running = try tapeline.start(
            device,
            ["--output", "take.wav", "--segment", "1h", "--segment-name", "part", "--export", "dir:archive"]
        )
        try await running.isRecording()
        for name in ["take-part_01.wav.part", "take-part_02.wav.part"] {
            try await Task.sleep(for: .milliseconds(500))
            running.process.send(SIGUSR1)
            while !tapeline.folder.contents.contains(name) { try await Task.sleep(for: .milliseconds(5)) }
        }
        running.process.send(SIGTERM)
        let outcome = try await running.ended()
        let recording = try outcome.recording()
        let manifest = try Manifest(recording.path)
        #expect(manifest.segments.map(\.file) == ["take-part.wav", "take-part_01.wav", "take-part_02.wav"])
        #expect(manifest.isContiguous && manifest.frames == recording.frames)
        for segment in manifest.segments where segment.gaps.isEmpty {
            let sound = try SoundFileReader.read("\(tapeline.folder.path)/\(segment.file)")
            #expect(sound.frames == segment.frames && isRamp(sound, from: segment.firstFrame))
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: "\(tapeline.folder.path)/archive").count == 4)
        #expect(try tapeline.spans().map(\.name) == ["agent_session"])
    }

    // REC-10, REC-7: neither what was used nor what is there is used again.
    @Test func `Names that would be the same get a number`() async throws {
        let tapeline = try Tapeline()
        _ = try tapeline.folder.write(Data("mine".utf8), to: "take-a_01.wav")
        let device = try tapeline.device(ramp, frames: 24000, "SPEED=max")
        let arguments = ["--output", "take.wav", "--segment", "0.125", "--segment-name", "a"]
        let recording = try await tapeline.record(device, arguments).recording()
        let names = try Manifest(recording.path).segments.map(\.file)
        #expect(names == ["take-a.wav", "take-a_02.wav", "take-a_03.wav", "take-a_04.wav"])
        let mine = try Data(contentsOf: URL(fileURLWithPath: "\(tapeline.folder.path)/take-a_01.wav"))
        #expect(mine == Data("mine".utf8))
        // The manifest's name is taken.
        let second = try await tapeline.record(device, arguments)
        #expect(second.exitCode == 73)
        #expect(second.standardError.contains("take.manifest.json exists already"))
        let third = try await tapeline.record(device, arguments + ["--force"]).recording()
        #expect(try Manifest(third.path).segments.map(\.file).first == "take-a_05.wav")
    }

    // REC-10, REC-6
    @Test func `On the clock segments begin at full seconds`() async throws {
        let tapeline = try Tapeline()
        let device = try tapeline.device(ramp, frames: 200_000, "SPEED=max")
        let recording = try await tapeline.record(device, ["--segment", "1", "--segment-at-clock"]).recording()
        let segments = try Manifest(recording.path).segments
        #expect(segments[0].frames <= 48000)
        #expect(segments[1..<4].map(\.frames) == [48000, 48000, 48000])
        for segment in segments.dropFirst() {
            let start = try secondsSince1970(segment.startedAt)
            #expect(abs(start - start.rounded()) <= 0.002)
        }
    }

    // DUR-1, DUR-2, REC-8: killed in a segment.
    @Test(arguments: ["wav", "flac", "ogg-opus"])
    func `A process that dies in a segment leaves one whole recording, and each part is delivered once`(
        container: String
    ) async throws {
        let tapeline = try Tapeline()
        let device = try tapeline.device(ramp, frames: ramp.cycle, "LOOP=1")
        let running = try tapeline.start(
            device,
            ["--container", container, "--segment", "0.5", "--export", "dir:archive"]
        )
        try await running.isRecording()
        try await Task.sleep(for: .seconds(2.3))
        running.process.send(SIGKILL)
        _ = try await running.process.ended()
        #expect(try tapeline.spans().isEmpty)
        var random = SignalTests.SplitMix(state: 5)
        for _ in 0..<4 {
            let process = try ChildProcess(BuiltProducts.tapeline, ["recover", "--state", tapeline.state])
            try await Task.sleep(for: .microseconds(Int.random(in: 5_000..<60_000, using: &random)))
            process.send(SIGKILL)
            _ = try await process.ended()
        }
        let last = try await recover(tapeline)
        let manifestPath = try #require(tapeline.folder.contents.first { $0.hasSuffix("/manifest.json") })
        let path = "\(tapeline.folder.path)/\(manifestPath)"
        let data = try Data(contentsOf: URL(fileURLWithPath: path + ".json"))
        let report = try Report.decoder.decode(Report.self, from: data)
        #expect(last.isEmpty || last.map(\.sessionId) == [report.sessionId])
        let recording = try #require(report.recording)
        let manifest = try Manifest(path)
        #expect(manifest.isContiguous && manifest.frames == recording.frames && manifest.segments.count >= 3)
        let recovered = try #require(report.recovered)
        #expect(recording.frames + recovered.lostFramesAtMost >= Int(2.2 * 48000))
        let folder = URL(fileURLWithPath: path).deletingLastPathComponent().path
        for segment in manifest.segments {
            let isLast = segment.id == manifest.segments.last?.id
            let file = "\(folder)/\(segment.file)"
            let sound = try await Decoder.read(file, as: container, hasDigest: !isLast)
            #expect(sound.frames == segment.frames)
            if container != "ogg-opus", segment.gaps.isEmpty {
                #expect(isRamp(sound, from: segment.firstFrame))
            }
        }
        let delivered = try FileManager.default.contentsOfDirectory(atPath: "\(tapeline.folder.path)/archive")
        #expect(Set(delivered.map { $0.prefix(36) }) == Set(manifest.segments.map { $0.id[...] } + [recording.id[...]]))
        #expect(delivered.count == manifest.segments.count + 1)
        #expect(!tapeline.folder.contents.contains { $0.hasSuffix(".part") })
        let spans = try tapeline.spans().filter { $0.name == "agent_session" }
        #expect(spans.count == 1)
        #expect(spans.first?.spanId == report.spanId && spans.first?.isRecovered == true)
        #expect(spans.first?["lk.recording_id"] == recording.id)
        #expect(spans.first?["tapeline.recording.sha256"] == recording.sha256)
        #expect(try await recover(tapeline).isEmpty)
        #expect(try await list(tapeline).allSatisfy { $0.state == "delivered" })
    }

    // DUR-2: the folders are the truth.
    @Test(arguments: [false, true]) func `A recording in segments is found by its folder`(
        hasManifest: Bool
    ) async throws {
        let tapeline = try Tapeline()
        let device = try tapeline.device(ramp, frames: ramp.cycle, "LOOP=1")
        let running = try tapeline.start(device, ["--segment", "0.5"])
        try await running.isRecording()
        try await Task.sleep(for: .seconds(2.2))
        running.process.send(SIGKILL)
        _ = try await running.process.ended()
        // Either the database is lost, or the manifest is damaged.
        for suffix in ["", "-wal", "-shm"] where hasManifest {
            try? FileManager.default.removeItem(atPath: tapeline.state + "/tapeline.sqlite" + suffix)
        }
        if !hasManifest {
            let name = try #require(tapeline.folder.contents.first { $0.hasSuffix("/manifest.json") })
            _ = try tapeline.folder.write(Data("{".utf8), to: name)
        }
        // It may have died while it wrote the manifest.
        let manifests = tapeline.folder.contents.filter { $0.hasSuffix("/manifest.json") }
        for name in manifests { _ = try tapeline.folder.write(Data("{".utf8), to: name + ".part") }
        #expect(manifests.count == 1)
        let reports = try await recover(tapeline)
        #expect(reports.count == 1)
        let recording = try #require(reports.first?.recording)
        let manifest = try Manifest(recording.path)
        #expect(manifest.isContiguous && manifest.frames == recording.frames && manifest.segments.count >= 3)
        #expect(!tapeline.folder.contents.contains { $0.hasSuffix(".part") })
        #expect(try tapeline.spans().count == 1)
        #expect(try await recover(tapeline).isEmpty)
    }

    // DUR-1, EXP-9: what a server does not take is delivered later, each once.
    @Test func `Segments that were not delivered are in the outbox, and their manifest tells where they will be`()
        async throws
    {
        let tapeline = try Tapeline()
        let isOpen = Journal<Void>()
        let taken = Journal<String>()
        let server = try LoopbackServer { _, request in
            guard !isOpen.values.isEmpty else { return .init(503) }
            taken.append(request.target)
            return .init(201)
        }
        let device = try tapeline.device(ramp, frames: 110_000, "SPEED=max")
        let outcome = try await tapeline.record(device, ["--segment", "1", "--export", "\(server.url)/in/#timeout=1"])
        let recording = try outcome.recording(exitCode: 75)
        #expect(outcome.report?.status == "deferred")
        let manifest = try Manifest(recording.path)
        #expect(manifest.segments.map { $0.exports?.first?.outcome } == ["deferred", "deferred", "deferred"])
        let before = try Data(contentsOf: URL(fileURLWithPath: recording.path))
        isOpen.append(())
        #expect(try await recover(tapeline).isEmpty)
        #expect(
            taken.values.sorted()
                == (manifest.segments.map { "/in/\($0.id).wav" } + ["/in/\(recording.id).json"]).sorted()
        )
        // What is delivered never changes.
        #expect(try Data(contentsOf: URL(fileURLWithPath: recording.path)) == before)
        #expect(try await list(tapeline).map(\.state) == ["delivered", "delivered", "delivered", "delivered"])
    }

    // CLI, DUR-4
    @Test func `list, export and the disk's budget know segments`() async throws {
        let tapeline = try Tapeline()
        let device = try tapeline.device(ramp, frames: 110_000, "SPEED=max")
        let arguments = ["--segment", "1", "--export", "dir:archive"]
        let recording = try await tapeline.record(device, arguments).recording()
        let ids = try Manifest(recording.path).segments.map(\.id)
        let entries = try await list(tapeline)
        #expect(entries.map(\.recordingId) == [recording.id] + ids)
        #expect(entries.map(\.segmentOf) == [nil, recording.id, recording.id, recording.id])
        let export = try await tapeline.run(["export", recording.id, "dir:stick", "--state", tapeline.state])
        #expect(export.exitCode == 0, "\(export.standardError)")
        let stick = try FileManager.default.contentsOfDirectory(atPath: "\(tapeline.folder.path)/stick")
        #expect(Set(stick) == Set(ids.map { "\($0).wav" } + ["\(recording.id).json"]))
        // Room for the last two segments: the oldest goes, and the manifest stays as long as there is one.
        _ = try await recover(tapeline, ["--disk-budget", "500k"])
        #expect(try await list(tapeline).map(\.state) == ["delivered", "removed", "delivered", "delivered"])
        _ = try await recover(tapeline, ["--disk-budget", "1"])
        #expect(try await list(tapeline).map(\.state) == ["removed", "removed", "removed", "removed"])
        #expect(!tapeline.folder.contents.contains { $0.hasPrefix("state/recordings/") })
    }

    // REC-10, REC-9, REC-2: a device that can wait loses nothing.
    @Test(.enabled(if: SmallFileSystem.isAvailable, "needs the right to mount"))
    func `A full disk ends a segment, and the next one goes on where there is room again`() async throws {
        let tapeline = try Tapeline()
        let disk = try SmallFileSystem(byteCount: 32 << 20)
        // Full while more is to come than the ring holds.
        let filler = try disk.fill(leaving: 8 << 20)
        let device = try tapeline.device(ramp, frames: ramp.cycle, "SPEED=max,LOOP=1")
        let running = try tapeline.start(
            device,
            ["--directory", disk.path, "--duration", "60", "--segment", "3"]
        )
        // Not where the next segment found no room: this one must have found none, too.
        let isFull = try await running.process.says("recording waits for ")
        #expect(isFull)
        try FileManager.default.removeItem(atPath: filler)
        let outcome = try await running.ended()
        #expect(outcome.exitCode == 74)
        #expect(outcome.report?.status == "failed")
        let recording = try #require(outcome.report?.recording)
        let manifest = try Manifest(recording.path)
        #expect(manifest.isContiguous && recording.frames == 60 * 48000 && recording.droppedFrames == 0)
        let folder = URL(fileURLWithPath: recording.path).deletingLastPathComponent().path
        for segment in manifest.segments {
            let sound = try SoundFileReader.read("\(folder)/\(segment.file)")
            #expect(sound.frames == segment.frames && (segment.frames == 0 || isRamp(sound, from: segment.firstFrame)))
        }
        #expect(try tapeline.spans().map(\.name) == ["agent_session"])
    }

    // CLI-3
    @Test(arguments: [
        (["--segment", "soon"], "--segment soon is no length: write 90s, 10m, 1h or a number of seconds"),
        (["--segment", "-1"], "--segment"), (["--segment", "1d"], "is no length"),
        (["--segment", "0"], "at least 0.05 s"), (["--segment", "0.01s"], "at least 0.05 s"),
        (["--segment-at-clock"], "add --segment 10m"), (["--segment-name", "%Y"], "add --segment 10m"),
        (["--segment", "25h", "--segment-at-clock"], "24 h at most"),
        (["--segment", "10m", "--segment-name", "%Q"], "\"%Q\" is no code"),
        (["--segment", "10m", "--segment-name", "a/b"], "no \"/\" may be in it"),
        (["--segment", "10m", "--upload", "livekit:RM_x"], "--upload and --segment exclude each other"),
    ]) func `What no segments can be is refused with a sentence`(arguments: [String], sentence: String) async throws {
        let tapeline = try Tapeline()
        let outcome = try await tapeline.run(["record"] + arguments)
        #expect(outcome.exitCode == 64)
        #expect(outcome.standardError.contains(sentence), "\(outcome.standardError)")
        #expect(tapeline.folder.contents.isEmpty)
    }

    // CLI
    @Test(arguments: [("90s", 4), ("1m", 6), ("1h", 1), ("120", 3), ("180.0s", 2)])
    func `A length has a unit, or is in seconds`(length: String, count: Int) async throws {
        let tapeline = try Tapeline()
        let ramp = Ramp("S16_LE", channels: 1, rate: 8000)
        let device = try tapeline.device(ramp, frames: ramp.cycle, "SPEED=max", "LOOP=1")
        let recording = try await tapeline.record(device, ["--duration", "330", "--segment", length]).recording()
        #expect(try Manifest(recording.path).segments.count == count)
    }
}
