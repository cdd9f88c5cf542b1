import Audio
import Foundation
import RecorderIO
import TestSupport
import Testing

@testable import RecordingStore

/// What a dying process leaves becomes a file that others read (REC-8, DUR-2).
@Suite(.timeLimit(.minutes(5))) struct RecordingRepairTests {
    /// Cut at each byte of the header, and at places all over the samples.
    private func lengths(_ take: Take, _ bytes: [UInt8]) -> [Int] {
        var random = Random(seed: 1)
        let isPCM = [.wav, .rf64, .w64].contains(take.container)
        let head = isPCM ? 140 : take.container == .flac ? 120 : 100
        let body = (0..<(isPCM ? 40 : 100)).map { _ in head + random.below(bytes.count - head) }
        return Array(0...head) + body + [bytes.count - 1, bytes.count]
    }

    // REC-8: none of the whole frames lost, nothing invented, and the file says so.
    @Test(arguments: Take.all, [false, true])
    func `A file cut off anywhere is whole up to its last whole frame`(take: Take, isFinished: Bool) async throws {
        let workspace = try Workspace()
        let original = isFinished ? take.finished : take.unfinished
        let boundaries = try await Boundaries(take)
        for length in lengths(take, original) {
            let place: Comment = "cut to \(length) bytes"
            let part = Array(original[..<length])
            let expected = boundaries.whole(in: length)
            guard expected.frameCount > 0 else {
                let error = #expect(throws: RepairError.self, place) { try workspace.repair(part, take.container) }
                #expect(error == .noAudio(path: workspace.path("take.part")), place)
                #expect(try workspace.bytes() == part, place)
                continue
            }
            let file = try workspace.repair(part, take.container)
            #expect(Int(file.frameCount) == expected.frameCount, place)
            #expect(file.byteCountBefore == Int64(length), place)
            let repaired = try workspace.bytes()
            #expect(file.byteCount == Int64(repaired.count), place)
        }
    }
}
