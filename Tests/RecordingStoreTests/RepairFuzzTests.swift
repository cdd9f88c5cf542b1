import Foundation
import RecorderIO
import TestSupport
import Testing

@testable import RecordingStore

/// No bytes make a repair crash, run for ever, or end in a file that the next one would change.
@Suite(.timeLimit(.minutes(5))) struct RepairFuzzTests {
    /// Breaks bytes in one of the ways that disks, and people with bad intentions, have.
    private func mutate(_ bytes: inout [UInt8], _ random: inout Random) {
        guard !bytes.isEmpty else { return }
        // Headers are what numbers are read from.
        let reach = random.below(2) == 0 ? min(bytes.count, 300) : bytes.count
        let start = random.below(reach)
        let end = min(bytes.count, start + 1 + random.below(64))
        switch random.below(6) {
        case 0: bytes[start] ^= 1 << UInt8(random.below(8))
        case 1: bytes[start] = [0, 1, 0x7F, 0x80, 0xFF][random.below(5)]
        case 2: for place in start..<end { bytes[place] = UInt8(truncatingIfNeeded: random.next()) }
        case 3: for place in start..<end { bytes[place] = random.below(2) == 0 ? 0 : 0xFF }
        case 4: bytes.removeSubrange(start..<end)
        default: bytes.insert(contentsOf: bytes[start..<end], at: random.below(bytes.count))
        }
    }

    @Test(arguments: Take.all) func `Broken files are repaired for good, or refused and left alone`(
        _ take: Take
    ) async throws {
        let workspace = try Workspace()
        let path = workspace.path("take.part")
        var random = Random(seed: 11)
        for _ in 0..<60 {
            await Task.yield()
            var bytes = Array((random.below(2) == 0 ? take.unfinished : take.finished).prefix(12_000))
            for _ in 0...random.below(4) { mutate(&bytes, &random) }
            let isForged = random.below(2) == 0
            if isForged { ForgedChecksums.forge(&bytes) }
            do {
                let file = try workspace.repair(bytes, take.container)
                #expect(file.frameCount > 0)
                #expect(file.byteCount <= Int64(bytes.count) + 1)
                #expect(try workspace.bytes().count == Int(file.byteCount))
                // A block that is none, and the head of the next one, vouch for each other until one of them is cut.
                guard take.container != .flac || !isForged else { continue }
                var part = try PartBytes(path: path, container: take.container)
                #expect(try RecordingRepair.plan(for: &part).edits == [])
            } catch is RepairError {
                let isUntouched = try workspace.bytes() == bytes
                #expect(isUntouched)
            }
        }
    }
}
