import Foundation
import Glibc
import TestSupport
import Testing

/// Fault by fault: the sentence, the exit code, and the recording kept (CLI-3).
@Suite(.timeLimit(.minutes(10))) struct FaultTests {
    /// What must be refused before anything begins.
    struct Refusal: CustomTestStringConvertible {
        /// `RAMP` stands for a device that plays 16 kHz stereo S16_LE.
        var device: String
        var arguments: [String] = []
        var exitCode: Int32
        /// With `DEVICE` and `FOLDER` for what they are in the test.
        var sentence: String
        var testDescription: String { "\(device) \(arguments.joined(separator: " "))" }
    }

    static let refusals = [
        Refusal(
            device: "nosuch",
            exitCode: 69,
            sentence: "cannot open DEVICE (No such file or directory): choose a device from 'tapeline devices' "
                + "with --device"
        ),
        Refusal(
            device: "RAMP,BUSY=1",
            exitCode: 69,
            sentence: "DEVICE is in use by another program: stop that program, or choose another device with --device"
        ),
        Refusal(
            device: "RAMP",
            arguments: ["--format", "S32_LE"],
            exitCode: 64,
            sentence: "DEVICE does not offer S32_LE (it offers S16_LE): use --format S16_LE"
        ),
        Refusal(
            device: "RAMP,RATES=16000+48000",
            arguments: ["--rate", "44100"],
            exitCode: 64,
            sentence: "DEVICE does not offer 44100 Hz (it offers 16000 and 48000): use --rate 48000"
        ),
        Refusal(
            device: "RAMP",
            arguments: ["--channels", "5"],
            exitCode: 64,
            sentence: "DEVICE does not offer 5 channels (it offers 2): use --channels 2"
        ),
        Refusal(
            device: "RAMP",
            arguments: ["--output", "FOLDER/taken/file.wav"],
            exitCode: 73,
            sentence: "mkdir of FOLDER/taken failed (Not a directory): make the folder, or choose another --directory"
        ),
        Refusal(
            device: "RAMP",
            arguments: ["--output", "FOLDER/taken"],
            exitCode: 73,
            sentence: "FOLDER/taken exists already: choose another name, or --force to replace it"
        ),
    ]

    // CAP-1, CLI-3, SES-3
    @Test(arguments: refusals) func `What cannot start is told in one sentence, and leaves nothing behind`(
        _ refusal: Refusal
    ) async throws {
        let tapeline = try Tapeline()
        _ = try tapeline.folder.write(Data("old".utf8), to: "taken")
        let ramp = try tapeline.device(Ramp("S16_LE", rate: 16000), frames: 16000, "SPEED=max")
        let device = refusal.device.replacingOccurrences(of: "RAMP", with: ramp)
        let before = tapeline.folder.contents
        let outcome = try await tapeline.record(
            device,
            refusal.arguments.map { $0.replacingOccurrences(of: "FOLDER", with: tapeline.folder.path) }
        )
        let sentence = refusal.sentence
            .replacingOccurrences(of: "DEVICE", with: device)
            .replacingOccurrences(of: "FOLDER", with: tapeline.folder.path)
        #expect(outcome.exitCode == refusal.exitCode)
        #expect(outcome.sentences == ["tapeline: " + sentence])
        #expect(outcome.standardOutput.isEmpty)
        // The spans file, the database and their folder are the program's, not the recording's.
        let programs = ["state", "state/spans.jsonl", "state/tapeline.sqlite", "state/owners"]
        let left = tapeline.folder.contents.filter { !programs.contains($0) }
        #expect(left == before)
        #expect(try String(contentsOfFile: tapeline.folder.path + "/taken", encoding: .utf8) == "old")
        #expect(try tapeline.spans().isEmpty)
    }

    // CLI-3
    @Test(.enabled(if: SmallFileSystem.isAvailable, "needs the right to mount"))
    func `A folder that cannot be written is named`() async throws {
        let tapeline = try Tapeline()
        let disk = try SmallFileSystem(byteCount: 1 << 20)
        try disk.makeReadOnly()
        let device = try tapeline.device(Ramp(), frames: 1000, "SPEED=max")
        let outcome = try await tapeline.record(device, ["--directory", disk.path])
        #expect(outcome.exitCode == 73)
        #expect(
            outcome.sentences == [
                "tapeline: mkdir of \(disk.path)/recordings failed (Read-only file system): "
                    + "the file system is read-only, choose another --directory"
            ]
        )
    }

    // REC-5, CLI-3: the end is bounded, whatever the disk does.
    @Test func `A disk that never comes back does not keep the program`() async throws {
        let tapeline = try Tapeline()
        let ramp = Ramp("S16_LE", channels: 2, rate: 48000)
        let device = try tapeline.device(ramp, frames: ramp.cycle, "LOOP=1")
        let environment = ["LD_PRELOAD": BuiltProducts.stallingDisk, "STALLING_DISK": "1:600000"]
        let running = try tapeline.start(device, ["--output", "take.wav"], environment: environment)
        try await running.isRecording()
        try await Task.sleep(for: .seconds(2))
        running.process.send(SIGTERM)
        let outcome = try await running.ended()
        #expect(outcome.exitCode == 74)
        #expect(outcome.standardError.contains("the disk did not take the recording within 60 s"))
        #expect(try FileManager.default.contentsOfDirectory(atPath: tapeline.folder.path).contains("take.wav.part"))
        let span = try #require(try tapeline.spans().first)
        #expect(span["tapeline.recording.status"] == "failed")
    }

    // CLI-1, REC-7
    @Test func `An existing file is replaced only with --force`() async throws {
        let tapeline = try Tapeline()
        let device = try tapeline.device(Ramp(), frames: 4000, "SPEED=max")
        let file = try tapeline.folder.write(Data("old".utf8), to: "talk.wav")
        let refused = try await tapeline.record(device, ["--output", file])
        #expect(refused.exitCode == 73)
        #expect(try String(contentsOfFile: file, encoding: .utf8) == "old")
        let recording = try await tapeline.record(device, ["--output", file, "--force"]).recording()
        #expect(recording.path == file)
        #expect(Ramp().runs(in: try SoundFileReader.read(file)) == [Run(0, 4000, .ramp(offset: 0))])
    }

    // MARK: Exporters

    /// Records a second with these exporters, and checks that the recording is kept whatever becomes of them.
    private func export(
        _ urls: [String],
        of tapeline: Tapeline,
        exitCode: Int32
    ) async throws -> (exports: [Report.Export], outcome: Outcome) {
        let device = try tapeline.device(Ramp(), frames: 48000, "SPEED=max")
        let outcome = try await tapeline.record(device, urls.flatMap { ["--export", $0] })
        let recording = try outcome.recording(exitCode: exitCode)
        #expect(Ramp().runs(in: try await recording.sound()) == [Run(0, 48000, .ramp(offset: 0))])
        #expect(!tapeline.folder.contents.contains { $0.hasSuffix(".part") })
        let spans = try tapeline.spans()
        #expect(spans.map(\.name) == ["agent_session"])
        #expect(spans.first?["tapeline.recording.status"] == outcome.report?.status)
        #expect(spans.first?.events?.count == urls.count)
        let onSpan = try String(contentsOfFile: tapeline.state + "/spans.jsonl", encoding: .utf8)
        // SPAN-1
        #expect(!onSpan.contains(tapeline.folder.path))
        return (outcome.report?.exports ?? [], outcome)
    }

    // EXP-8, CLI-3
    @Test func `A recording is delivered into a directory`() async throws {
        let tapeline = try Tapeline()
        let archive = tapeline.folder.path + "/archive"
        let (exports, outcome) = try await export(["dir:\(archive)"], of: tapeline, exitCode: 0)
        #expect(exports.map(\.outcome) == ["attached"])
        #expect(exports.first?.recordingId?.isEmpty == false)
        #expect(exports.first?.recordingPath == nil)
        #expect(outcome.report?.status == "attached")
        let delivered = try FileManager.default.contentsOfDirectory(atPath: archive)
        #expect(delivered.count == 1)
        let path = "\(archive)/\(try #require(delivered.first))"
        #expect(Ramp().runs(in: try SoundFileReader.read(path)) == [Run(0, 48000, .ramp(offset: 0))])
        let id = try #require(exports.first?.recordingId)
        #expect(try tapeline.spans().first?["lk.recording_id"] == id)
    }

    // EXP-2, CLI-3
    @Test(.enabled(if: SmallFileSystem.isAvailable, "needs the right to mount"), arguments: [true, false])
    func `A directory that is full or read-only fails, and the recording is kept`(_ isFull: Bool) async throws {
        let tapeline = try Tapeline()
        let disk = try SmallFileSystem(byteCount: 65536)
        if !isFull { try disk.makeReadOnly() }
        let archive = tapeline.folder.path + "/good"
        let (exports, _) = try await export(["dir:\(disk.path)", "dir:\(archive)"], of: tapeline, exitCode: 75)
        // Room may come by itself.
        #expect(exports.map(\.outcome) == [isFull ? "deferred" : "failed", "attached"])
        let error = try #require(exports.first?.error)
        #expect(error.contains(isFull ? "No space left on device" : "Read-only file system"), "\(error)")
        #expect(error.contains(disk.path))
        #expect(try FileManager.default.contentsOfDirectory(atPath: disk.path).isEmpty)
    }

    struct Command: CustomTestStringConvertible {
        var script: String
        var error: String
        var testDescription: String { script }
    }

    // EXP-2, EXP-8, SES-9: in one chain with a good one. The last two take the limit of 30 s.
    @Test(arguments: [
        Command(script: "echo no bucket >&2; exit 3", error: "exited with status 3: no bucket"),
        Command(script: "kill -SEGV $$", error: "SIGSEGV"),
        Command(script: "echo garbage", error: "garbage"),
        Command(script: "head -c 3000000 /dev/urandom", error: "printed more than 64 KiB"),
        Command(script: "exec sleep 1000", error: "30 s"),
        Command(script: "trap '' TERM INT HUP; while :; do sleep 1; done", error: "30 s"),
    ]) func `A command that misbehaves costs neither the recording nor the next exporter`(
        _ command: Command
    ) async throws {
        let tapeline = try Tapeline()
        let program = try tapeline.folder.script(command.script, named: "program")
        let good = try tapeline.folder.script(#"echo '{"recording_url": "https://host/1"}'"#, named: "good")
        let (exports, outcome) = try await export(["exec:\(program)", "exec:\(good)"], of: tapeline, exitCode: 75)
        #expect(exports.map(\.outcome) == ["deferred", "attached"])
        let error = try #require(exports.first?.error)
        #expect(error.contains(command.error), "\(error)")
        #expect(exports.last?.recordingUrl == "https://host/1")
        #expect(outcome.report?.status == "attached")
        #expect(try tapeline.spans().first?["lk.recording_url"] == "https://host/1")
        #expect(outcome.standardError.contains(error))
    }
}
