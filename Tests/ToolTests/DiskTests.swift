import Foundation
import Glibc
import TestSupport
import Testing

/// A disk that is full, or fails: what came before is kept, and the recording goes on in another file.
@Suite(.timeLimit(.minutes(10)), .enabled(if: SmallFileSystem.isAvailable, "needs the right to mount"))
struct DiskTests {
    /// What is left on a disk: the reserve, and little more.
    private static let room = (2 << 20) + 80_000

    /// A container, and so many seconds that the disk is full while more are to come than the ring holds.
    static let fills = [
        ("wav", 20), ("rf64", 20), ("w64", 20), ("flac", 60), ("ogg-vorbis", 60), ("ogg-opus", 60),
    ]

    /// All that is in the file: the frames of the report, by an independent reader, and an end.
    private func sound(_ recording: Report.Recording) async throws -> Sound {
        let sound = try await recording.sound()
        #expect(sound.frames == recording.frames)
        if recording.container.hasPrefix("ogg") {
            let ending = try await ChildProcess.run("/usr/bin/env", ["ogginfo", recording.path])
            let text = String(decoding: ending.standardOutput, as: UTF8.self) + ending.standardError
            #expect(ending.exitCode == 0 && !text.contains("EOS") && !text.contains("WARNING"), "\(text)")
        }
        return sound
    }

    // REC-2, REC-8, REC-9, CLI-3: a device that can wait loses nothing.
    @Test(arguments: fills)
    func `A full disk ends the file whole, and recording goes on where there is room again`(
        _ container: String,
        _ seconds: Int
    ) async throws {
        let tapeline = try Tapeline()
        let disk = try SmallFileSystem(byteCount: 16 << 20)
        let filler = try disk.fill(leaving: Self.room)
        let ramp = Ramp("S24_3LE")
        let isLossy = container.hasPrefix("ogg")
        let device = isLossy ? try noise(tapeline) : try tapeline.device(ramp, frames: ramp.cycle, "SPEED=max,LOOP=1")
        let running = try tapeline.start(
            device,
            ["--directory", disk.path, "--container", container, "--duration", "\(seconds)"]
        )
        let isFull = try await running.process.says("failed (No space left on device): free some space")
        #expect(isFull)
        try FileManager.default.removeItem(atPath: filler)
        let outcome = try await running.ended()
        #expect(outcome.exitCode == 74)
        let reports = try Tapeline.reports(below: disk.path)
        let recordings = reports.compactMap(\.recording)
        try #require(recordings.count == 2)
        #expect(recordings.last?.id == outcome.report?.recording?.id)
        #expect(outcome.standardError.contains("recording goes on in \(recordings[1].path): no frame is lost\n"))
        #expect(reports.map(\.status) == ["failed", "none"])
        let finalizing = reports.map { $0.phases.first { $0.phase == "finalize" } }
        #expect(finalizing.map { $0?.outcome } == ["failed", "done"])
        #expect(finalizing[0]?.error?.contains("No space left on device") == true)

        var place = 0
        for recording in recordings {
            let sound = try await sound(recording)
            #expect(recording.droppedFrames == 0 && recording.gaps.isEmpty)
            if !isLossy {
                guard case .ramp(let offset) = ramp.runs(in: sound).first?.content else { throw NoRamp() }
                #expect((offset - place) % ramp.cycle == 0)
                #expect(ramp.runs(in: sound) == [Run(0, recording.frames, .ramp(offset: offset))])
            }
            place += recording.frames
        }
        #expect(place == seconds * 48000)
        #expect(try tapeline.spans().count == 2)
    }

    struct NoRamp: Error {}

    /// Ten seconds of what no codec makes small, again and again.
    private func noise(_ tapeline: Tapeline) throws -> String {
        var random = Random(seed: 4)
        let bytes = Data((0..<480_000 * 4).map { _ in UInt8(truncatingIfNeeded: random.next()) })
        let file = try tapeline.folder.write(bytes, to: "noise.raw")
        return Tapeline.device(file, "FORMAT=S16_LE,RATE=48000,CHANNELS=2,SPEED=max,LOOP=1")
    }

    // REC-2, REC-9: the last file's report counts what no other could take.
    @Test func `Where there is no room until the end, the report counts what could not be kept`() async throws {
        let tapeline = try Tapeline()
        let disk = try SmallFileSystem(byteCount: 16 << 20)
        _ = try disk.fill(leaving: Self.room)
        let ramp = Ramp("S24_3LE")
        let device = try tapeline.device(ramp, frames: 200_000, "SPEED=max")
        let outcome = try await tapeline.record(device, ["--directory", disk.path])
        let recording = try outcome.recording(exitCode: 74)
        #expect(recording.droppedFrames > 0)
        #expect(recording.frames + recording.droppedFrames == 200_000)
        #expect(ramp.runs(in: try await sound(recording)) == [Run(0, recording.frames, .ramp(offset: 0))])
        #expect(try Tapeline.reports(below: disk.path).map { $0.recording?.droppedFrames } == [recording.droppedFrames])
        let sentence = "there was no room for another file: \(recording.droppedFrames) frames could not be kept"
        #expect(outcome.sentences.filter { $0.contains(sentence) }.count == 1)
    }

    // REC-2, CLI-1: a length is that of the timeline, whatever the disk takes of it.
    @Test func `A microphone on a disk that stays full ends after its length`() async throws {
        let tapeline = try Tapeline()
        let disk = try SmallFileSystem(byteCount: 64 << 20)
        _ = try disk.fill(leaving: Self.room)
        let ramp = Ramp(channels: 8)
        let device = try tapeline.device(ramp, frames: 200_000)
        let outcome = try await tapeline.record(device, ["--directory", disk.path, "--duration", "3"])
        let recording = try outcome.recording(exitCode: 74)
        #expect(recording.frames + recording.droppedFrames - recording.gapFrames == 3 * 48000)
        #expect(ramp.runs(in: try await sound(recording)).first == Run(0, recording.frames, .ramp(offset: 0)))
        #expect(outcome.sentences.filter { $0.contains("No space left on device") }.count == 1)
    }

    // REC-2, REC-5: what the ring holds at the end finds the disk full.
    @Test func `A disk that turns out to be full at the very end loses no count of frames`() async throws {
        let tapeline = try Tapeline()
        let disk = try SmallFileSystem(byteCount: 16 << 20)
        _ = try disk.fill(leaving: Self.room)
        let ramp = Ramp("S24_3LE")
        let device = try tapeline.device(ramp, frames: ramp.cycle)
        let outcome = try await tapeline.record(
            device,
            ["--directory", disk.path, "--duration", "3"],
            environment: ["LD_PRELOAD": BuiltProducts.stallingDisk, "STALLING_DISK": "1:3000"]
        )
        let recording = try outcome.recording(exitCode: 74)
        #expect(recording.droppedFrames > 0)
        #expect(recording.frames + recording.droppedFrames - recording.gapFrames == 3 * 48000)
        #expect(ramp.runs(in: try await sound(recording)).first == Run(0, recording.frames, .ramp(offset: 0)))
    }

    // SES-3, CLI-3
    @Test func `A disk without room for the reserve is refused`() async throws {
        let tapeline = try Tapeline()
        let disk = try SmallFileSystem(byteCount: 1 << 20)
        let outcome = try await tapeline.record(
            try tapeline.device(Ramp(), frames: 1000, "SPEED=max"),
            ["--output", disk.path + "/talks/talk.wav"]
        )
        #expect(outcome.exitCode == 73)
        #expect(
            outcome.sentences == [
                "tapeline: posix_fallocate of \(disk.path)/talks failed (No space left on device): "
                    + "free some space, or choose another --directory"
            ]
        )
        #expect(try FileManager.default.contentsOfDirectory(atPath: disk.path).isEmpty)
    }

    // DUR-4
    @Test func `Low space is told before it bites`() async throws {
        let tapeline = try Tapeline()
        let disk = try SmallFileSystem(byteCount: 32 << 20)
        let device = try tapeline.device(Ramp(), frames: 48000, "SPEED=max")
        let outcome = try await tapeline.record(device, ["--directory", disk.path])
        _ = try outcome.recording()
        // 30 MiB at 384 kB/s.
        let sentence = "the disk of \(disk.path)/recordings/"
        let told = outcome.sentences.filter { $0.contains(sentence) }
        #expect(told.count == 1)
        #expect(told.first?.hasSuffix("has room for 1 min 21 s: free some space") == true, "\(told)")
    }

    // REC-8: whatever a sync said after one that failed, it is not asked.
    @Test(arguments: ["wav", "flac", "ogg-opus"], ["fdatasync:2", "fsync:1"])
    func `After a sync that failed the file is suspect, and recording goes on in another`(
        _ container: String,
        _ call: String
    ) async throws {
        let tapeline = try Tapeline()
        let ramp = Ramp("S24_3LE")
        let device = try tapeline.device(ramp, frames: ramp.cycle, "LOOP=1")
        let environment = ["LD_PRELOAD": BuiltProducts.stallingDisk, "FAILING_DISK": "\(call):\(EIO)"]
        let folder = tapeline.folder.path
        let running = try tapeline.start(
            device,
            ["--directory", folder, "--container", container],
            environment: environment
        )
        let isDuring = call.hasPrefix("fdatasync")
        let hasGoneOn = isDuring ? try await running.process.says("recording goes on in ") : true
        #expect(hasGoneOn)
        try await running.isRecording()
        running.process.send(SIGTERM)
        let outcome = try await running.ended()
        #expect(outcome.exitCode == 74)
        let reports = try Tapeline.reports(below: folder)
        let recordings = reports.compactMap(\.recording)
        try #require(recordings.count == (isDuring ? 2 : 1))
        let error = reports[0].phases.first { $0.phase == "finalize" }?.error ?? ""
        #expect(
            error
                == "\(call.prefix { $0 != ":" }) of \(recordings[0].path) failed (Input/output error), so the file may not "
                + "be whole on the disk: compare it with the SHA-256 in its report, and check the disk"
        )
        #expect(outcome.sentences.filter { $0.contains("Input/output error") }.count == 1)
        var place = 0
        for recording in recordings {
            let sound = try await sound(recording)
            #expect(recording.droppedFrames == 0)
            if !container.hasPrefix("ogg"), recording.frames > 0 {
                guard case .ramp(let offset) = ramp.runs(in: sound).first?.content else { throw NoRamp() }
                #expect((offset - place) % ramp.cycle == 0)
            }
            place += recording.frames
        }
    }

    // REC-2, REC-9: what the disk did not take is counted, or left to be repaired.
    @Test(arguments: ["wav", "w64", "flac"])
    func `A write that fails ends the file, and recording goes on in another`(_ container: String) async throws {
        let tapeline = try Tapeline()
        let ramp = Ramp("S24_3LE")
        let device = try tapeline.device(ramp, frames: ramp.cycle, "LOOP=1")
        let folder = tapeline.folder.path
        let running = try tapeline.start(
            device,
            ["--directory", folder, "--container", container],
            environment: ["LD_PRELOAD": BuiltProducts.stallingDisk, "FAILING_DISK": "pwrite:9:\(EIO)"]
        )
        let hasGoneOn = try await running.process.says("recording goes on in ")
        #expect(hasGoneOn)
        running.process.send(SIGTERM)
        let outcome = try await running.ended()
        let last = try outcome.recording(exitCode: 74)
        if container == "flac" {
            let recovered = try await tapeline.run(["recover", "--state", tapeline.state])
            #expect(recovered.exitCode == 0, "\(recovered.standardError)")
        }
        let recordings = try Tapeline.reports(below: folder).compactMap(\.recording)
        try #require(recordings.count == 2)
        let first = recordings[0]
        #expect(recordings[1].id == last.id)
        #expect(first.frames > 0)
        #expect(
            ramp.runs(in: try await Decoder.read(first.path, as: container, hasDigest: false)) == [
                Run(0, first.frames, .ramp(offset: 0))
            ]
        )
        guard case .ramp(let offset) = ramp.runs(in: try await sound(last)).first?.content else { throw NoRamp() }
        if container != "flac" { #expect(offset == first.frames + first.droppedFrames + last.droppedFrames) }
        #expect(try tapeline.spans().count >= 2)
    }
}
