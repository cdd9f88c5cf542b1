import Foundation
import RecorderIO
import TestSupport
import Testing

@testable import RecordingStore

/// No bytes make a repair crash, run for ever, or end in a file that the next one would change.
@Suite(.timeLimit(.minutes(10))) struct RepairFuzzTests {
    @Test(arguments: Take.all) func `Broken files are repaired for good, or refused and left alone`(
        _ take: Take
    ) async throws {
        let workspace = try Workspace()
        let path = workspace.path("take.part")
        var random = Random(seed: 11)
        for _ in 0..<60 {
            await Task.yield()
            var bytes = Array((random.below(2) == 0 ? take.unfinished : take.finished).prefix(12_000))
            for _ in 0...random.below(4) { Damage.spread(in: &bytes, &random) }
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
