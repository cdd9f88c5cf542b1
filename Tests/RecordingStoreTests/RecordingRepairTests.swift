import Audio
import Foundation
import RecorderIO
import TestSupport
import Testing

@testable import RecordingStore

/// What a dying process leaves becomes a file that others read (REC-8, DUR-2).
@Suite(.timeLimit(.minutes(10))) struct RecordingRepairTests {
    /// Each byte of the header, places all over the rest, and where blocks and pages end.
    private func lengths(_ boundaries: Boundaries, _ byteCount: Int, headByteCount: Int) -> [Int] {
        var random = Random(seed: 1)
        let body = (0..<40).map { _ in headByteCount + random.below(byteCount - headByteCount) }
        let ends = boundaries.ends.suffix(12).flatMap { [$0.byteCount - 1, $0.byteCount, $0.byteCount + 1] }
        return (Array(0...headByteCount + 2) + body + ends + [byteCount - 1, byteCount]).filter { $0 <= byteCount }
    }

    // REC-8: none of the whole frames lost, nothing invented, and the file says so.
    @Test(arguments: Take.all, [false, true])
    func `A file cut off anywhere is whole up to its last whole frame`(take: Take, isFinished: Bool) async throws {
        let workspace = try Workspace()
        let original = isFinished ? take.finished : take.unfinished
        let boundaries = try await Boundaries(take)
        let headByteCount = try #require(boundaries.ends.first?.byteCount)
        var repaired: [Int: (file: RepairedFile, bytes: [UInt8])] = [:]
        for length in lengths(boundaries, original.count, headByteCount: headByteCount) {
            // Other tests wait for a thread.
            await Task.yield()
            let place: Comment = "cut to \(length) bytes"
            let part = Array(original[..<length])
            let expected = boundaries.whole(in: length)
            guard expected.frameCount > 0 else {
                let error = #expect(throws: RepairError.self, place) { try workspace.repair(part, take.container) }
                #expect(error == .noAudio(path: workspace.path("take.part")), place)
                let isUntouched = try workspace.bytes() == part
                #expect(isUntouched, place)
                continue
            }
            let file = try workspace.repair(part, take.container)
            #expect(Int(file.frameCount) == expected.frameCount, place)
            #expect(file.format.sampleRate == take.ramp.rate)
            #expect(file.format.channelCount == take.ramp.channels)
            #expect(Int(file.byteCountBefore) == length, place)
            let isPadded = file.byteCount % 2 == 0 && expected.byteCount % 2 == 1 && take.container != .w64
            let pad = isPadded && ![.flac, .oggVorbis, .oggOpus].contains(take.container) ? 1 : 0
            #expect(Int(file.byteCount) == expected.byteCount + pad, place)
            let bytes = try workspace.bytes()
            #expect(Int(file.byteCount) == bytes.count, place)
            // The same audio is the same file, wherever it was cut.
            let isSame = repaired[expected.frameCount].map { $0.bytes == bytes } ?? true
            #expect(isSame, place)
            repaired[expected.frameCount] = (file, bytes)
        }
        try await check(repaired, of: take, workspace)
    }

    // REC-8: a fast device fills the memory before the first second is over.
    @Test(arguments: Container.allCases) func `What reached the file before the first sync is kept`(
        container: Container
    ) async throws {
        let ramp = Ramp(container == .oggVorbis ? "S16_LE" : "S24_3LE", channels: 2, rate: 48000)
        let isCoded = [.flac, .oggVorbis, .oggOpus].contains(container)
        let take = try Take(container, ramp, frameCount: isCoded ? 24_001 : 90_001)
        let workspace = try Workspace()
        guard !isCoded else {
            // All of it waits in memory.
            #expect(take.unsynced.count < 6000)
            #expect(throws: RepairError.noAudio(path: workspace.path("take.part"))) {
                try workspace.repair(take.unsynced, container)
            }
            return
        }
        #expect(take.unsynced.count > 200_000)
        let file = try workspace.repair(take.unsynced, container)
        let expected = try await Boundaries(take).whole(in: take.unsynced.count)
        #expect(Int(file.frameCount) == expected.frameCount)
        let path = workspace.path("take.part")
        try await take.check(path, frameCount: Int(file.frameCount), hasDigest: true, finished: nil)
    }

    private func check(
        _ repaired: [Int: (file: RepairedFile, bytes: [UInt8])],
        of take: Take,
        _ workspace: Workspace
    ) async throws {
        var finished: Sound?
        if [.oggVorbis, .oggOpus].contains(take.container) {
            let path = try workspace.folder.write(Data(take.finished), to: "finished")
            finished = try await Decoder.read(path, as: take.container.rawValue)
        }
        let counts = repaired.keys.sorted()
        #expect(counts.count > 2)
        for count in stride(from: 0, to: counts.count, by: max(1, counts.count / 4)).map({ counts[$0] }) {
            guard let (file, bytes) = repaired[count] else { continue }
            let path = try workspace.folder.write(Data(bytes), to: "repaired")
            try await take.check(path, frameCount: count, hasDigest: !file.isDigestUnknown, finished: finished)
            if count == counts.last { try await take.checkByFFmpeg(path, frameCount: count) }
        }
    }
}
