import Foundation
import Glibc
import TestSupport
import Testing

/// Recording by level, by the whole program: events in segments of their own, from before they began, to the sample.
@Suite(.timeLimit(.minutes(10))) struct TriggerTests {
    private static let rate = 16000

    /// Frames of S16_LE mono that are all told apart by what is around them: quiet but for what `loud` says.
    private static func frames(_ count: Int, loud: [Range<Int>]) -> [UInt8] {
        var samples = (0..<count).map { Int16(truncatingIfNeeded: ($0 &* 2_654_435_761) >> 7 & 255) - 128 }
        for range in loud { for frame in range { samples[frame] = Int16(frame.isMultiple(of: 2) ? 9000 : -9000) } }
        return samples.flatMap { [UInt8(truncatingIfNeeded: $0), UInt8(truncatingIfNeeded: $0 >> 8)] }
    }

    private func device(_ tapeline: Tapeline, _ frames: [UInt8], _ arguments: String...) throws -> String {
        let file = try tapeline.folder.write(Data(frames), to: "sound.raw")
        let shape = "FORMAT=S16_LE,RATE=\(Self.rate),CHANNELS=1"
        return "fixture:" + (["FILE=\(file)", shape] + arguments).joined(separator: ",")
    }

    private func audio(_ path: String) throws -> [UInt8] {
        let file = try Data(contentsOf: URL(fileURLWithPath: path))
        let head = try #require(file.range(of: Data("data".utf8), in: 12..<200))
        return [UInt8](file[(head.upperBound + 4)...])
    }

    private static let arguments = ["--output", "take.wav", "--trigger", "-20dBFS", "--pre-roll", "2s", "--hang", "1s"]

    // REC-10, CAP-2
    @Test(arguments: ["SPEED=max", "SPEED=real"])
    func `Each event is in the file from its pre-roll on to the end of its hang, and nothing else is`(
        speed: String
    ) async throws {
        let tapeline = try Tapeline()
        // The second begins in the hang of the first; the third has not all of its pre-roll, for the second took it.
        let loud = [10_000..<10_001, 25_000..<30_000, 50_001..<50_500, 130_000..<130_010]
        let frames = Self.frames(150_000, loud: loud)
        let outcome = try await tapeline.record(try device(tapeline, frames, speed), Self.arguments)
        let recording = try outcome.recording()
        let manifest = try SegmentTests.Manifest(recording.path)
        let expected = [0..<46_000, 46_000..<66_500, 98_000..<146_010]
        #expect(manifest.segments.map { $0.firstFrame..<$0.firstFrame + $0.frames } == expected)
        for segment in manifest.segments {
            let bytes = frames[2 * segment.firstFrame..<2 * (segment.firstFrame + segment.frames)]
            #expect(try audio("\(tapeline.folder.path)/\(segment.file)") == Array(bytes))
        }
        #expect(recording.frames == expected.reduce(0) { $0 + $1.count })
        #expect(outcome.report?.recording?.droppedFrames == 0)
    }

    @Test func `An event that lasts is cut into segments, and exported as each is done`() async throws {
        let tapeline = try Tapeline()
        let frames = Self.frames(100_000, loud: [40_000..<70_000])
        let arguments = Self.arguments + ["--segment", "1s", "--export", "dir:archive"]
        let outcome = try await tapeline.record(try device(tapeline, frames, "SPEED=max"), arguments)
        let recording = try outcome.recording()
        let manifest = try SegmentTests.Manifest(recording.path)
        #expect(manifest.segments.map(\.firstFrame) == [8000, 24_000, 40_000, 56_000, 72_000])
        #expect(manifest.segments.map(\.frames) == [16_000, 16_000, 16_000, 16_000, 14_000])
        let delivered = try FileManager.default.contentsOfDirectory(atPath: tapeline.folder.path + "/archive")
        #expect(delivered.count == 6)
    }

    @Test func `That nothing happens is no failure, and leaves no file`() async throws {
        let tapeline = try Tapeline()
        let frames = Self.frames(50_000, loud: [])
        let outcome = try await tapeline.record(try device(tapeline, frames, "SPEED=max"), Self.arguments)
        #expect(outcome.exitCode == 0, "\(outcome.standardError)")
        #expect(outcome.report?.recording == nil && outcome.report?.status == "none")
        let names = try FileManager.default.contentsOfDirectory(atPath: tapeline.folder.path)
        #expect(!names.contains { $0.hasPrefix("take") })
    }

    // REC-9: pre-roll and hang are so that the event would be over before its loud frame, had that been forgotten.
    @Test func `An event whose file cannot be made is in the next one, with all of its frames`() async throws {
        let tapeline = try Tapeline()
        let frames = Self.frames(160_000, loud: [50_000..<50_100])
        let outcome = try await tapeline.record(
            try device(tapeline, frames),
            ["--output", "take.wav", "--trigger", "-20dBFS", "--pre-roll", "2s", "--hang", "1s"],
            environment: [
                "LD_PRELOAD": BuiltProducts.faultyDisk, "FAULTY_FOLDER": tapeline.folder.path + "/take-",
                "FAULT": "1:\(ENOSPC)",
            ]
        )
        #expect(outcome.standardError.contains("the event has no file yet"), "\(outcome.standardError)")
        let manifest = try SegmentTests.Manifest(try outcome.recording().path)
        #expect(manifest.segments.map { $0.firstFrame..<$0.firstFrame + $0.frames } == [18_000..<66_100])
        let segment = try #require(manifest.segments.first)
        let expected = Array(frames[2 * 18_000..<2 * 66_100])
        #expect(try audio("\(tapeline.folder.path)/\(segment.file)") == expected)
    }

    // DUR-2
    @Test func `A process that dies before anything happens leaves nothing to recover`() async throws {
        let tapeline = try Tapeline()
        let device = try device(tapeline, Self.frames(160_000, loud: []), "LOOP=1")
        let running = try tapeline.start(device, Self.arguments)
        try await running.isRecording()
        running.process.send(SIGKILL)
        #expect(try await running.process.ended().signal == SIGKILL)
        let outcome = try await tapeline.run(["recover", "--state", tapeline.state])
        #expect(outcome.exitCode == 0, "\(outcome.standardError)")
        let spans = try tapeline.spans()
        #expect(spans.map { $0["tapeline.recording.status"] } == ["none"])
        let names = try FileManager.default.contentsOfDirectory(atPath: tapeline.folder.path)
        #expect(!names.contains { $0.hasPrefix("take") })
    }

    @Test(arguments: [
        ["--trigger", "loud"], ["--trigger", "3dBFS"], ["--pre-roll", "1s"], ["--trigger", "-40", "--pre-roll", "-1"],
        ["--trigger", "-40", "--output-track", "null"],
    ])
    func `What is no trigger is told`(arguments: [String]) async throws {
        let tapeline = try Tapeline()
        let device = try device(tapeline, Self.frames(1000, loud: []), "SPEED=max")
        let outcome = try await tapeline.record(device, ["--output", "take.wav"] + arguments)
        #expect(outcome.exitCode == 64, "\(outcome.standardError)")
    }
}
