import Foundation
import Glibc
import TestSupport
import Testing

/// The program killed at, or failed by, each call that changes a disk, one after the other, until a run passes them all
/// (DUR-1, DUR-2, REC-7, REC-8, REC-9).
///
/// A few of the calls here; all of them with `FAULT_STEP=1`.
@Suite(.timeLimit(.minutes(30))) struct FaultSweepTests {
    private static let step = ProcessInfo.processInfo.environment["FAULT_STEP"].flatMap(Int.init) ?? 13
    private static let frames = 12_000
    private let ramp = Ramp("S16_LE", channels: 1, rate: 48000)

    /// One folder, in which a run is struck and what it left is recovered.
    private struct Scene {
        let tapeline: Tapeline
        let device: String
        let exports: [String]

        init(_ ramp: Ramp) throws {
            tapeline = try Tapeline()
            device = try tapeline.device(ramp, frames: FaultSweepTests.frames, "SPEED=max")
            // It keeps what it was called with, and a copy under the recording's own name.
            let program = try tapeline.folder.script(
                """
                cd "${0%/*}"
                question=$(cat)
                value() { printf %s "$question" | tr ',' '\\n' | sed -n "s/.*\\"$1\\": *\\"\\([^\\"]*\\)\\".*/\\1/p"; }
                cp "$(value path | sed 's,\\\\\\\\/,/,g')" "copy-$(value recording_id)"
                echo "$(value idempotency_key)" >> calls
                echo '{"recording_url": "https://host/'"$(value recording_id)"'"}'
                """,
                named: "deliver"
            )
            exports = ["--export", "dir:\(tapeline.folder.path)/archive", "--export", "exec:\(program)"]
        }

        func record(_ container: String, fault nth: Int, _ code: Int32) async throws -> ChildProcess.Ending {
            var environment = Tapeline.environment
            environment["LD_PRELOAD"] = BuiltProducts.faultyDisk
            environment["FAULTY_FOLDER"] = tapeline.folder.path
            environment["FAULT"] = "\(nth):\(code)"
            return try await ChildProcess.run(
                BuiltProducts.tapeline,
                ["record", "--device", device, "--state", tapeline.state, "--json", "--container", container] + exports,
                environment: environment,
                in: tapeline.folder.path
            )
        }

        /// The reports beside the recordings.
        func reports() throws -> [Report] {
            try tapeline.folder.contents.filter { $0.hasSuffix(".json") }.map {
                try Report.decoder.decode(
                    Report.self,
                    from: Data(contentsOf: URL(fileURLWithPath: "\(tapeline.folder.path)/\($0)"))
                )
            }
        }

        func sha256(_ name: String) async throws -> String {
            let ending = try await ChildProcess.run("/usr/bin/sha256sum", ["\(tapeline.folder.path)/\(name)"])
            return String(decoding: ending.standardOutput.prefix(64), as: UTF8.self)
        }
    }

    /// What must hold once `recover` has run, whatever struck: each recording is readable, delivered to both places with the
    /// same bytes, and on one span with its ids; nothing half done is left.
    ///
    /// - Returns: the frames in all recordings.
    private func check(_ scene: Scene, _ container: String, _ place: Comment) async throws -> Int {
        let recover = try await scene.tapeline.run(["recover", "--state", scene.tapeline.state, "--json"])
        let reports = try scene.reports()
        let spans = try scene.tapeline.spans()
        // A session that had no audio on the disk yet has a span that tells so, and no report.
        let isEmpty = recover.standardError.contains("the process died before any audio was on the disk")
        #expect(recover.exitCode == (isEmpty ? 74 : 0), "\(place): \(recover.standardError)")
        #expect(spans.filter { $0.name == "agent_session" }.count == reports.count + (isEmpty ? 1 : 0), place)
        let names = scene.tapeline.folder.contents
        #expect(!names.contains { $0.hasSuffix(".part") || $0.hasSuffix(".damaged") }, place)
        let calls = (try? String(contentsOfFile: scene.tapeline.folder.path + "/calls", encoding: .utf8)) ?? ""
        var frames = 0
        for report in reports {
            let recording = try #require(report.recording, place)
            frames += recording.frames
            #expect(report.status == "attached", place)
            #expect(report.exports.map(\.outcome) == ["attached", "attached"], place)
            let sound =
                container == "flac"
                ? try await Decoder.flac(recording.path, hasDigest: false) : try await recording.sound()
            #expect(sound.frames == recording.frames, place)
            if !container.hasPrefix("ogg") {
                let runs = ramp.runs(in: sound)
                #expect(runs.count == 1 && runs.first?.frames == recording.frames, place)
            }
            let session = spans.filter { $0.spanId == report.spanId }
            #expect(session.count == 1 && session.first?.traceId == report.traceId, place)
            let file = try #require(URL(fileURLWithPath: recording.path).pathExtension as String?)
            #expect(try await scene.sha256("archive/\(recording.id).\(file)") == recording.sha256, place)
            #expect(try await scene.sha256("copy-\(recording.id)") == recording.sha256, place)
            let keys = Set(calls.split(separator: "\n").filter { $0.hasPrefix("\(recording.id)-") })
            #expect(keys == ["\(recording.id)-\(recording.sha256)"], place)
        }
        #expect(names.filter { $0.hasPrefix("archive/") }.count == reports.count, place)
        #expect(names.filter { $0.hasPrefix("copy-") }.count == reports.count, place)
        let list = try await scene.tapeline.run(["list", "--state", scene.tapeline.state])
        #expect(list.standardOutput.components(separatedBy: " delivered ").count - 1 == 3 * reports.count, place)
        return frames
    }

    // DUR-1, DUR-2, REC-7, EXP-4: killed at each step.
    @Test(arguments: ["wav", "flac", "ogg-vorbis", "ogg-opus"])
    func `Killed at any step, a recording is whole, delivered once and on one span`(container: String) async throws {
        var count = 0
        var nth = 1
        while true {
            let scene = try Scene(ramp)
            let ending = try await scene.record(container, fault: nth, 0)
            let place: Comment = "\(container), killed at call \(nth): \(ending.standardError)"
            let frames = try await check(scene, container, place)
            // As fast as the device gives there is no second to lose: what was synced is there, and that is all or, in
            // the moment of the first sync, nothing.
            #expect(frames <= Self.frames, place)
            guard ending.signal == SIGKILL else {
                #expect(ending.exitCode == 0, place)
                #expect(frames == Self.frames, place)
                break
            }
            count += 1
            nth += Self.step
        }
        #expect(count >= 100 / Self.step, "only \(count) calls were found")
        print("\(container): killed at \(count) steps")
    }

    // REC-8, REC-9, CLI-3: failed at each step.
    @Test(arguments: ["wav", "flac", "ogg-vorbis", "ogg-opus"], [EIO, ENOSPC])
    func `Whatever call fails, the audio is kept, the error is told, and nothing is called delivered that is not`(
        container: String,
        code: Int32
    ) async throws {
        var count = 0
        var nth = 1
        while true {
            let scene = try Scene(ramp)
            let ending = try await scene.record(container, fault: nth, code)
            let place: Comment = "\(container), errno \(code) at call \(nth): \(ending.standardError)"
            let exitCode = try #require(ending.exitCode, place)
            #expect([0, 69, 73, 74, 75].contains(exitCode), "\(exitCode) \(place)")
            if exitCode != 0 { #expect(ending.standardError.contains("tapeline: "), place) }
            // What a report says was delivered is there, before anything is recovered.
            for report in try scene.reports() {
                let recording = try #require(report.recording, place)
                let file = URL(fileURLWithPath: recording.path).pathExtension
                if report.exports.first?.outcome == "attached" {
                    #expect(try await scene.sha256("archive/\(recording.id).\(file)") == recording.sha256, place)
                }
                if report.exports.last?.outcome == "attached" {
                    #expect(try await scene.sha256("copy-\(recording.id)") == recording.sha256, place)
                }
            }
            let frames = try await check(scene, container, place)
            // One that could not start has recorded nothing.
            #expect(frames == (exitCode == 73 ? 0 : Self.frames), place)
            if nth > 2000 { break }
            // A run whose fault did not come is the last.
            if exitCode == 0, !ending.standardError.contains("error"), try await isPast(nth, container, code) { break }
            count += 1
            nth += Self.step
        }
        #expect(count >= 100 / Self.step, "only \(count) calls were found")
        print("\(container), errno \(code): failed at \(count) steps")
    }

    /// Whether no run has so many calls: a killed one would tell.
    private func isPast(_ nth: Int, _ container: String, _ code: Int32) async throws -> Bool {
        try await Scene(ramp).record(container, fault: nth, 0).signal != SIGKILL
    }
}
