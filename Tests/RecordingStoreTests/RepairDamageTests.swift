import Audio
import Foundation
import Glibc
import RecorderIO
import TestSupport
import Testing

@testable import RecordingStore

/// What power cuts and failing disks do to a file (REC-8).
@Suite(.timeLimit(.minutes(10))) struct RepairDamageTests {
    /// Longer than what may follow damage without being kept.
    private static let long: [Take] = [Container.flac, .oggVorbis, .oggOpus].compactMap { container in
        try? Take(container, Ramp("S16_LE", channels: 1, rate: 8000), frameCount: 120_001)
    }

    private static let coded: [Take] = Take.all.filter { [.flac, .oggVorbis, .oggOpus].contains($0.container) }

    // REC-8: blocks that the file system allocated and never wrote.
    @Test(arguments: Take.all) func `Zeros behind the end are cut where blocks can be told from them`(
        _ take: Take
    ) async throws {
        let workspace = try Workspace()
        let frameCount = try workspace.repair(take.unfinished, take.container).frameCount
        let repaired = try workspace.bytes()
        let zeros = [UInt8](repeating: 0, count: 12288)
        let file = try workspace.repair(take.unfinished + zeros, take.container)
        switch take.container {
        case .flac, .oggVorbis, .oggOpus:
            #expect(file.frameCount == frameCount)
            let isSame = try workspace.bytes() == repaired
            #expect(isSame)
        case .wav, .rf64, .w64:
            // Here they may be silence as well.
            let added = 12288 / Int64(file.format.bytesPerFrame)
            #expect(file.frameCount == frameCount + added)
            #expect(file.zeroFrameCount >= added)
            #expect(file.zeroFrameCount <= added + 1)
            let sound = try SoundFileReader.read(workspace.path("take.part"), as: take.container.rawValue)
            #expect(sound.frames == Int(file.frameCount))
        }
    }

    // REC-8: what comes after a hole in what was not synced is not whole.
    @Test(arguments: coded) func `A recording ends at damage that little follows`(_ take: Take) async throws {
        let workspace = try Workspace()
        let boundaries = try await Boundaries(take)
        // Two whole ones follow the damaged one.
        let whole = try #require(boundaries.ends.filter { $0.byteCount <= take.unfinished.count }.dropLast(3).last)
        for (count, byte) in [(1, UInt8(0x55)), (512, 0)] {
            var bytes = take.unfinished
            for index in whole.byteCount + 6..<min(bytes.count, whole.byteCount + 6 + count) {
                bytes[index] ^= byte | 1
            }
            let file = try workspace.repair(bytes, take.container)
            #expect(Int(file.frameCount) == whole.frameCount)
            #expect(file.damagedByteCount == 0)
            #expect(Int(file.cutByteCount) == bytes.count - whole.byteCount)
        }
    }

    // REC-8: a disk that loses a sector does not lose an hour.
    @Test(arguments: long) func `Damage that more than ten seconds follow is told and kept`(_ take: Take) async throws {
        let workspace = try Workspace()
        let boundaries = try await Boundaries(take)
        let pairs = zip(boundaries.ends, boundaries.ends.dropFirst())
        let pair = try #require(pairs.first { $0.frameCount > 8000 && $1.byteCount - $0.byteCount > 100 })
        let (start, end) = (pair.0.byteCount, pair.1.byteCount)
        var bytes = take.finished
        for place in start + 10..<start + 60 { bytes[place] ^= 0xA5 }
        let file = try workspace.repair(bytes, take.container)
        #expect(file.damagedByteCount == Int64(end - start))
        #expect(file.frameCount == 120_001)
        #expect(file.cutByteCount == 0)
        let arguments = ["ffmpeg", "-v", "quiet", "-i", workspace.path("take.part"), "-f", "s16le", "-ar", "8000", "-"]
        let ending = try await ChildProcess.run("/usr/bin/env", arguments)
        #expect(ending.standardOutput.count > 200_000)
    }

    // REC-8
    @Test func `FLAC whose first block is damaged keeps the others, Ogg without its headers is told as unreadable`()
        async throws
    {
        let workspace = try Workspace()
        for take in Self.coded {
            let boundaries = try await Boundaries(take)
            var bytes = take.unfinished
            if take.container == .flac {
                bytes[boundaries.ends[0].byteCount + 6] ^= 1
                let file = try workspace.repair(bytes, .flac)
                #expect(Int(file.frameCount) == boundaries.whole(in: bytes.count).frameCount)
                #expect(Int(file.damagedByteCount) == boundaries.ends[1].byteCount - boundaries.ends[0].byteCount)
            } else {
                bytes[boundaries.ends[0].byteCount + 50] ^= 1
                let error = RepairError.unreadable(path: workspace.path("take.part"), container: take.container)
                #expect(throws: error) { try workspace.repair(bytes, take.container) }
                let isUntouched = try workspace.bytes() == bytes
                #expect(isUntouched)
            }
        }
    }

    // REC-8
    @Test(arguments: Take.all) func `Another container's file, zeros and noise are refused and left as they are`(
        _ take: Take
    ) throws {
        let workspace = try Workspace()
        var random = Random(seed: 5)
        let noise = (0..<20_000).map { _ in UInt8(truncatingIfNeeded: random.next()) }
        let others = Container.allCases.filter { $0 != take.container }
        for (bytes, containers) in [
            (take.unfinished, take.container == .rf64 ? others.filter { $0 != .wav } : others),
            ([UInt8](repeating: 0, count: 20_000), Container.allCases), (noise, Container.allCases),
        ] {
            for container in containers {
                let error = RepairError.unreadable(path: workspace.path("take.part"), container: container)
                #expect(throws: error) { try workspace.repair(bytes, container) }
                let isUntouched = try workspace.bytes() == bytes
                #expect(isUntouched)
            }
        }
    }

    // REC-8: the sizes that a 32-bit header cannot say, of a file that has no bytes on the disk.
    @Test(arguments: [Container.wav, .rf64, .w64]) func `Past 4 GiB the sizes are right`(_ container: Container) throws
    {
        let workspace = try Workspace()
        let take = try Take.take(container)
        let path = try workspace.folder.write(Data(take.unfinished), to: "take.part")
        let frameBytes = Int64(take.format.bytesPerFrame)
        let start = Int64(take.unfinished.count) - Int64(take.frameCount) * frameBytes
        let frameCount: Int64 = 5_000_000_000 / frameBytes
        let end = start + frameCount * frameBytes
        #expect(unsafe truncate(path, off_t(end + 1)) == 0)
        let file = try RecordingRepair.repair(partAt: path, container: container)
        #expect(file.frameCount == frameCount)
        #expect(file.byteCount == end)
        #expect(file.zeroFrameCount == 480_000)
        let handle = try #require(FileHandle(forReadingAtPath: path))
        let head = [UInt8](try handle.read(upToCount: Int(start)) ?? Data())
        if container == .w64 {
            #expect(head.number(at: 16, 8) == UInt64(end))
            #expect(head.number(at: Int(start) - 8, 8) == UInt64(end - start + 24))
        } else {
            #expect(head.says("RF64", at: 0))
            #expect(head.says("ds64", at: 12))
            #expect(head.number(at: 4, 4) == 0xFFFF_FFFF)
            #expect(head.number(at: 20, 8) == UInt64(end - 8))
            #expect(head.number(at: 28, 8) == UInt64(end - start))
            #expect(head.number(at: 36, 8) == UInt64(frameCount))
            #expect(head.number(at: Int(start) - 4, 4) == 0xFFFF_FFFF)
        }
    }

    @Test func `A file that is not there, and errors for people`() throws {
        let workspace = try Workspace()
        let path = workspace.path("none.part")
        #expect(throws: RepairError.file(.file(path: path, call: "open", code: ENOENT))) {
            try RecordingRepair.repair(partAt: path, container: .wav)
        }
        #expect(RepairError.noAudio(path: "/a.part").description == "/a.part holds no whole frame of audio: remove it")
        #expect(
            RepairError.unreadable(path: "/a.part", container: .oggOpus).description
                == "/a.part has no whole ogg-opus header: restore it by hand, or remove it"
        )
    }
}
