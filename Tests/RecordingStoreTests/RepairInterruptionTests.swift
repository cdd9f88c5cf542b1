import Foundation
import RecorderIO
import TestSupport
import Testing

@testable import RecordingStore

/// A repair that is itself cut short costs nothing (DUR-2).
@Suite(.timeLimit(.minutes(10))) struct RepairInterruptionTests {
    private func plan(_ path: String, _ container: Container) throws -> RepairPlan {
        var bytes = try PartBytes(path: path, container: container)
        return try RecordingRepair.plan(for: &bytes)
    }

    /// What the file may be after some of the edits, each of them done, not done, or done in part: up to a byte where a
    /// kill came, or from one on where a power cut took the sector before.
    private func states(_ bytes: [UInt8], _ edits: [RepairPlan.Edit], _ container: Container) -> [[UInt8]] {
        var states = [bytes]
        for edit in edits {
            for state in states {
                switch edit {
                case .cut(let byteCount): states.append(Array(state.prefix(Int(byteCount))))
                case .write(let new, let offset):
                    states += parts(of: new, at: Int(offset), container).map { range in
                        var state = state
                        // Where the file ends before, the rest was not written either.
                        for index in range where Int(offset) + index <= state.count {
                            let place = Int(offset) + index
                            if place < state.count { state[place] = new[index] } else { state.append(new[index]) }
                        }
                        return state
                    }
                }
            }
        }
        return states
    }

    /// A sector is written whole or not at all, and the head of a file lies in the first two; a page may lie anywhere.
    private func parts(of new: [UInt8], at offset: Int, _ container: Container) -> [Range<Int>] {
        let isOgg = [.oggVorbis, .oggOpus].contains(container)
        let seams = (0...new.count).filter { isOgg || (offset + $0) % 512 == 0 || $0 == new.count }
        return seams.flatMap { [0..<$0, $0..<new.count] }
    }

    // DUR-2: as by a kill after each byte, and by a power cut that lets through any of the writes.
    @Test(arguments: Take.all) func `A repair that was cut short anywhere is completed by the next one`(
        _ take: Take
    ) async throws {
        let workspace = try Workspace()
        for (bytes, lost) in [(take.unfinished, 1), (take.unfinished, 0), (take.finished, 5)] {
            let part = Array(bytes.dropLast(lost))
            let path = try workspace.folder.write(Data(part), to: "take.part")
            let edits = try plan(path, take.container).edits
            let file = try RecordingRepair.repair(partAt: path, container: take.container)
            let repaired = try workspace.bytes()
            // What is valid is left as it is.
            #expect(try plan(path, take.container).edits == [])
            for state in states(part, edits, take.container) {
                await Task.yield()
                let again = try workspace.repair(state, take.container)
                #expect(again.frameCount == file.frameCount)
                #expect(again.isDigestUnknown == file.isDigestUnknown)
                let isSame = try workspace.bytes() == repaired
                #expect(isSame)
            }
        }
    }

    // REC-7: a process may die between the last byte and the name.
    @Test(arguments: Take.all) func `A finished file is left as it is`(_ take: Take) throws {
        let workspace = try Workspace()
        let file = try workspace.repair(take.finished, take.container)
        #expect(Int(file.frameCount) == take.frameCount)
        #expect(file.cutByteCount == 0)
        #expect(!file.isDigestUnknown)
        let isSame = try workspace.bytes() == take.finished
        #expect(isSame)
    }
}
