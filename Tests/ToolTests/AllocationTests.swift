import Foundation
import TestSupport
import Testing

/// The recording threads neither allocate nor lock once they run: counted in the real program (CAP-3, PERF-5).
@Suite(.timeLimit(.minutes(10))) struct AllocationTests {
    /// None is made per block: what there is comes from the header's update, once in a second of the host's clock.
    private static let perSync = 32

    /// Records with AllocationCounter loaded, and returns what it counted.
    private func counts(
        _ tapeline: Tapeline,
        _ device: String,
        _ arguments: [String]
    ) async throws -> (counts: [String: Int], recording: Report.Recording) {
        let file = tapeline.folder.path + "/counts"
        let outcome = try await tapeline.record(
            device,
            arguments,
            environment: ["LD_PRELOAD": BuiltProducts.allocationCounter, "ALLOCATION_COUNTER_FILE": file]
        )
        let lines = try String(contentsOfFile: file, encoding: .utf8).split(separator: "\n")
        let counts = lines.map { $0.split(separator: " ") }.map { (String($0[0]), Int($0[1]) ?? -1) }
        return (Dictionary(uniqueKeysWithValues: counts), try outcome.recording())
    }

    // CAP-3, PERF-5
    @Test(arguments: ["wav", "flac"]) func `Ten minutes of audio cost the capture thread no allocation and no lock`(
        _ container: String
    ) async throws {
        let tapeline = try Tapeline(in: "/dev/shm")
        let device = try tapeline.device(Ramp("S16_LE", rate: 48000), frames: 65536, "SPEED=max", "LOOP=1")
        let (counts, recording) = try await counts(
            tapeline,
            device,
            ["--duration", "600", "--container", container]
        )
        #expect(recording.frames == 600 * 48000)
        #expect(recording.gaps.isEmpty)
        let reads = try #require(counts["capture_reads"])
        #expect(reads >= 600)
        #expect(counts["capture_allocations"] == 0)
        #expect(counts["capture_locks"] == 0)
        // The encoder of FLAC is not ours.
        guard container == "wav" else { return }
        #expect(try #require(counts["recorder_writes"]) >= 100)
        // A look at the disk's room, every 10 s, is as much as another sync.
        let limit = Self.perSync * (1 + (try #require(counts["recorder_syncs"])))
        #expect(try #require(counts["recorder_allocations"]) <= limit)
    }

    // PERF-5, CAP-7: to look for a signal costs nothing either, also where there is none.
    @Test func `Ten minutes of silence cost the recorder no allocation per block`() async throws {
        let tapeline = try Tapeline(in: "/dev/shm")
        let file = try tapeline.folder.write(Data(count: 65536), to: "silence.raw")
        let device = Tapeline.device(file, "FORMAT=S16_LE,RATE=48000,CHANNELS=2,SPEED=max,LOOP=1")
        let (counts, recording) = try await counts(tapeline, device, ["--duration", "600"])
        #expect(recording.conditions?.count == 1)
        #expect(try #require(counts["recorder_writes"]) >= 100)
        // The one warning is as much as another sync.
        let limit = Self.perSync * (1 + (try #require(counts["recorder_syncs"])))
        #expect(try #require(counts["recorder_allocations"]) <= limit)
    }

    // CAP-3: the same in real time, with a true clock.
    @Test func `A device with a clock costs the capture thread no allocation and no lock either`() async throws {
        let tapeline = try Tapeline(in: "/dev/shm")
        let device = try tapeline.device(Ramp(), frames: 262_144, "XRUN=96000:480")
        let (counts, recording) = try await counts(tapeline, device, ["--duration", "5", "--period-size", "480"])
        #expect(recording.gaps.count == 1)
        #expect(try #require(counts["capture_reads"]) >= 100)
        #expect(counts["capture_allocations"] == 0)
        #expect(counts["capture_locks"] == 0)
    }

    // The count can be other than 0: opening a lost device anew allocates, on the capture thread.
    @Test func `The counter counts`() async throws {
        let tapeline = try Tapeline(in: "/dev/shm")
        let device = try tapeline.device(Ramp(), frames: 2_000_000, "SPEED=max", "UNPLUG=1000000:1")
        let (counts, _) = try await counts(tapeline, device, [])
        #expect(try #require(counts["capture_allocations"]) > 0)
    }
}
