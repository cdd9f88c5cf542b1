import Foundation
import TestSupport
import Testing

/// What `tapeline record` promises about its files, its output and its lengths.
@Suite(.timeLimit(.minutes(10))) struct RecordTests {
    // CLI-1, REC-6
    @Test(arguments: [0.5, 1.000_01, 0.000_02, 3.25]) func `--duration is exact to the frame`(
        _ seconds: Double
    ) async throws {
        let tapeline = try Tapeline()
        let ramp = Ramp("S24_3LE", channels: 1, rate: 44100)
        for speed in ["SPEED=max", "SPEED=real"] {
            let device = try tapeline.device(ramp, frames: 262_144, speed)
            let recording = try await tapeline.record(device, ["--duration", "\(seconds)"]).recording()
            let frames = Int((seconds * 44100).rounded())
            #expect(recording.frames == frames)
            #expect(recording.durationS == Double(frames) / 44100)
            #expect(ramp.runs(in: try await recording.sound()) == [Run(0, frames, .ramp(offset: 0))])
        }
    }

    // CLI-1: in real time, too, a device whose source ends ends the recording.
    @Test(arguments: ["SPEED=real", "SPEED=max"]) func `The end of the device's source ends the recording`(
        _ speed: String
    ) async throws {
        let tapeline = try Tapeline()
        let device = try tapeline.device(Ramp(), frames: 70_001, speed)
        let recording = try await tapeline.record(device).recording()
        #expect(recording.frames == 70_001)
        #expect(recording.gaps.isEmpty)
        #expect(Ramp().runs(in: try await recording.sound()) == [Run(0, 70_001, .ramp(offset: 0))])
    }

    // SES-10, CLI-2, CLI-3
    @Test func `--json is one report with exactly the keys of the README`() async throws {
        let tapeline = try Tapeline()
        let device = try tapeline.device(Ramp(), frames: 96000, "XRUN=24000:480")
        let outcome = try await tapeline.record(device, ["--export", "dir:archive?reference=path"])
        #expect(outcome.exitCode == 0)
        let object = try #require(
            try JSONSerialization.jsonObject(with: Data(outcome.standardOutput.utf8)) as? [String: Any]
        )
        #expect(
            Set(object.keys) == [
                "session_id", "trace_id", "span_id", "version", "started_at", "ended_at", "status", "recording",
                "exports", "phases",
            ]
        )
        let phases = try #require(object["phases"] as? [[String: Any]])
        #expect(phases.map { $0["phase"] as? String } == ["finalize", "export"])
        #expect(phases.allSatisfy { Set($0.keys) == ["phase", "outcome", "seconds"] })
        let recording = try #require(object["recording"] as? [String: Any])
        // The rate of so short a recording is unknown.
        #expect(
            Set(recording.keys) == [
                "id", "path", "container", "sample_format", "sample_rate_hz", "channels", "frames", "duration_s",
                "started_at", "sha256", "bytes", "peak_dbfs", "dropped_frames", "gaps",
            ]
        )
        let gap = try #require((recording["gaps"] as? [[String: Any]])?.first)
        #expect(Set(gap.keys) == ["first_frame", "frames", "cause"])
        let export = try #require((object["exports"] as? [[String: Any]])?.first)
        #expect(
            Set(export.keys) == ["exporter", "destination", "outcome", "recording_id", "recording_path", "seconds"]
        )

        let report = try #require(outcome.report)
        for time in [report.startedAt, report.endedAt, report.recording?.startedAt ?? ""] {
            #expect(time.wholeMatch(of: /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z/) != nil, "\(time)")
        }
        // Beside the recording lies the same.
        let path = try #require(report.recording?.path)
        #expect(try String(contentsOfFile: path + ".json", encoding: .utf8) == outcome.standardOutput)
    }

    // SES-10: what it says of the file is true.
    @Test func `The report's facts are those of the file`() async throws {
        let tapeline = try Tapeline()
        let device = Tapeline.device(BuiltProducts.fixture("clipping-48k-mono.wav"), "SPEED=max")
        let outcome = try await tapeline.record(device, ["--output", "out.wav"])
        let recording = try outcome.recording()
        #expect(recording.path == tapeline.folder.path + "/out.wav")
        #expect(recording.bytes == (try Data(contentsOf: URL(fileURLWithPath: recording.path)).count))
        #expect(abs((recording.peakDbfs ?? -1)) < 0.001)
        let sum = try await ChildProcess.run("/usr/bin/env", ["sha256sum", recording.path])
        #expect(String(decoding: sum.standardOutput, as: UTF8.self).hasPrefix(recording.sha256 + " "))
        #expect(outcome.report?.exports.isEmpty == true)
        #expect(outcome.report?.status == "none")
        let wall =
            try secondsSince1970(outcome.report?.endedAt ?? "") - secondsSince1970(outcome.report?.startedAt ?? "")
        #expect(wall >= 0 && wall < 60)
    }

    // SES-10
    @Test func `Digital silence has no peak`() async throws {
        let tapeline = try Tapeline()
        let device = Tapeline.device(BuiltProducts.fixture("silence-48k-stereo.wav"), "SPEED=max")
        let recording = try await tapeline.record(device).recording()
        #expect(recording.peakDbfs == nil)
        #expect(recording.frames == 12000)
    }

    // CLI-2, CLI-3: results to standard output, all else to standard error.
    @Test func `Without --json standard output has the result in words, and --quiet only that`() async throws {
        let tapeline = try Tapeline()
        let device = try tapeline.device(Ramp(), frames: 48000, "SPEED=max")
        let arguments = ["record", "-D", device, "--state", tapeline.state]
        let loud = try await tapeline.run(arguments)
        #expect(loud.exitCode == 0)
        #expect(loud.standardOutput.contains("/recording.wav  1.0 s\n"))
        #expect(loud.standardError.hasPrefix("tapeline: recording 48000 Hz, 2 channels, S32_LE to "))
        let quiet = try await tapeline.run(arguments + ["--quiet"])
        #expect(quiet.exitCode == 0)
        #expect(quiet.standardOutput.contains("/recording.wav  1.0 s\n"))
        #expect(quiet.standardError.isEmpty)
    }

    // REC-7, CLI-5
    @Test func `Recordings lie in folders of their own, and nothing unfinished is left`() async throws {
        let tapeline = try Tapeline()
        let device = try tapeline.device(Ramp("S16_LE"), frames: 4800, "SPEED=max")
        let first = try await tapeline.record(device, ["--directory", "here"]).recording()
        let second = try await tapeline.record(device, ["--directory", "here", "--container", "flac"]).recording()
        let files = tapeline.folder.contents.filter { $0.hasPrefix("here/") && $0.contains("recording.") }
        let root = tapeline.folder.path + "/"
        let expected = [first.path, second.path].flatMap { [$0, $0 + ".json"] }.map { $0.replacing(root, with: "") }
        #expect(files == expected.sorted())
        #expect(files.allSatisfy { $0.wholeMatch(of: /here\/recordings\/\d{8}T\d{6}Z-[0-9a-f-]{36}\/.*/) != nil })
        #expect(tapeline.folder.contents.contains("state/spans.jsonl"))
    }

    // CLI-5
    @Test func `State lies where the environment says, unless --state does`() async throws {
        let tapeline = try Tapeline()
        let device = try tapeline.device(Ramp(), frames: 4800, "SPEED=max")
        let root = tapeline.folder.path
        for (environment, place) in [
            (["STATE_DIRECTORY": root + "/a", "XDG_STATE_HOME": root + "/b"], "a"),
            (["STATE_DIRECTORY": "", "XDG_STATE_HOME": root + "/b"], "b/tapeline"),
            (["STATE_DIRECTORY": "", "XDG_STATE_HOME": "", "HOME": root + "/c"], "c/.local/state/tapeline"),
        ] {
            let outcome = try await tapeline.run(["record", "-D", device, "--json"], environment: environment)
            #expect(try outcome.recording().path.hasPrefix("\(root)/\(place)/recordings/"))
            #expect(tapeline.folder.contents.contains("\(place)/spans.jsonl"))
        }
    }

    // CLI-3
    @Test(arguments: [
        ["record", "--format", "S8"], ["record", "--rate", "4000"], ["record", "--channels", "65"],
        ["record", "--duration", "0"], ["record", "--container", "mp3"], ["record", "--nonsense"],
        ["record", "--output", "a.wav", "--directory", "b"], ["record", "--export", "ftp://host/"],
        ["record", "--export", "dir:"], ["record", "--period-size", "0"], ["nonsense"],
    ]) func `Wrong usage ends with 64 and a sentence on standard error`(_ arguments: [String]) async throws {
        let tapeline = try Tapeline()
        let outcome = try await tapeline.run(arguments)
        #expect(outcome.exitCode == 64)
        #expect(outcome.standardOutput.isEmpty)
        #expect(outcome.standardError.contains("rror: "))
        #expect(tapeline.folder.contents.isEmpty)
    }

    // CLI-3
    @Test func `Help and version go to standard output`() async throws {
        let tapeline = try Tapeline()
        let help = try await tapeline.run(["record", "--help"])
        #expect(help.exitCode == 0)
        #expect(help.standardOutput.contains("EXAMPLES:"))
        #expect(help.standardError.isEmpty)
        #expect(try await tapeline.run(["--version"]).standardOutput.wholeMatch(of: /\d+\.\d+\.\d+\n/) != nil)
    }

    // CAP-1
    @Test func `The devices of an ALSA configuration of the user's are listed with what they offer`() async throws {
        let tapeline = try Tapeline()
        let outcome = try await tapeline.run(
            ["devices"],
            environment: ["FIXTURE_FILE": BuiltProducts.fixture("speech-16k-mono.wav")]
        )
        #expect(outcome.exitCode == 0)
        #expect(outcome.standardOutput.contains("fixture\n    Fixture microphone\n"))
        #expect(outcome.standardOutput.contains("    formats   S16_LE\n    rates     16000\n    channels  1\n"))
    }
}
