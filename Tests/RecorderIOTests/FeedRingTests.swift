import Audio
import FrameRing
import Synchronization
import TestSupport
import Testing

@testable import RecorderIO

/// The way of an application's frames to the recorder thread.
@Suite struct FeedRingTests {
    private struct Taken: Equatable {
        var number: Int
        var nanoseconds: Int64
        var clock: FrameClock
    }

    private final class Shared: Sendable {
        let ring: Mutex<FeedRing>
        let isDone = Atomic<Bool>(false)

        init(_ ring: consuming sending FeedRing) { self.ring = Mutex(ring) }
    }

    private static func put(_ frames: AudioFrames, to feed: some TrackFeed, at time: Int64, _ clock: FrameClock) {
        frames.withBytes(ofFrames: 0..<frames.frameCount) {
            feed.put($0, frames.format, at: HostTime(nanoseconds: time), clock: clock)
        }
    }

    private static func numbers(_ bytes: RawSpan, _ format: AudioFormat) -> [Int] {
        Numbered.numbers(unsafe bytes.withUnsafeBytes { unsafe Array($0) }, format)
    }

    @Test(arguments: 0..<10)
    func `REC-2: Over random schedules each frame comes out once, with its time and format, or is counted as dropped`(
        part: Int
    ) throws {
        for seed in 0..<30 {
            var random = Random(seed: UInt64(part * 1000 + seed))
            var ring = try FeedRing(byteCapacity: 3000 + random.below(20000))
            let feed = ring.feed
            var number = 0
            var put: [Taken] = []
            var taken: [Taken] = []
            var toldCount: Int64 = 0
            for _ in 0..<200 {
                if random.below(2) == 0 {
                    let format = Numbered.formats[random.below(5)]
                    let count = [0, 1, 3, random.below(30), random.below(500)][random.below(5)]
                    let frames = try Numbered.frames(number..<number + count, format)
                    let time = Int64(random.below(1 << 40))
                    let clock: FrameClock = random.below(2) == 0 ? .exact : .measured
                    Self.put(frames, to: feed, at: time, clock)
                    put += (0..<count).map { index in
                        let start = HostTime(nanoseconds: time).advanced(byFrames: Int64(index), at: format.sampleRate)
                        return Taken(number: number + index, nanoseconds: start.nanoseconds, clock: clock)
                    }
                    number += count
                } else {
                    _ = ring.track.takeNext { piece, bytes in
                        #expect(bytes.byteCount == Int(piece.frameCount) * piece.format.bytesPerFrame)
                        let address = UInt(bitPattern: unsafe bytes.withUnsafeBytes { $0.baseAddress })
                        let sample = piece.format.sampleFormat
                        let alignment = sample == .s24Packed ? 1 : sample.byteCount
                        #expect(address.isMultiple(of: UInt(alignment)))
                        let count = min(Int(piece.frameCount), random.below(Int(piece.frameCount) + 1))
                        for (index, number) in Self.numbers(bytes, piece.format).prefix(count).enumerated() {
                            let time = piece.hostTime.advanced(byFrames: Int64(index), at: piece.format.sampleRate)
                            taken.append(Taken(number: number, nanoseconds: time.nanoseconds, clock: piece.clock))
                        }
                        if count > 0 { toldCount += piece.droppedFrameCount }
                        return count
                    }
                }
            }
            Self.drain(&ring.track, &taken, &toldCount)
            // What has been dropped since the last piece is told with the next one.
            Self.put(try Numbered.frames(number..<number + 1, Numbered.formats[0]), to: feed, at: 0, .exact)
            var last: [Taken] = []
            Self.drain(&ring.track, &last, &toldCount)
            #expect(last.map(\.number) == [number])

            let byNumber = Dictionary(uniqueKeysWithValues: put.map { ($0.number, $0) })
            #expect(taken.map(\.number) == taken.map(\.number).sorted())
            #expect(taken.allSatisfy { abs($0.nanoseconds - (byNumber[$0.number]?.nanoseconds ?? 0)) <= 1 })
            #expect(taken.allSatisfy { byNumber[$0.number]?.clock == $0.clock })
            #expect(Int64(put.count - taken.count) == feed.droppedFrameCount, "seed \(part * 1000 + seed)")
            #expect(toldCount == feed.droppedFrameCount)
        }
    }

    private static func drain(_ track: inout FeedTrack, _ taken: inout [Taken], _ toldCount: inout Int64) {
        while track.takeNext({ piece, bytes in
            for (index, number) in numbers(bytes, piece.format).enumerated() {
                let time = piece.hostTime.advanced(byFrames: Int64(index), at: piece.format.sampleRate)
                taken.append(Taken(number: number, nanoseconds: time.nanoseconds, clock: piece.clock))
            }
            toldCount += piece.droppedFrameCount
            return Int(piece.frameCount)
        }) {}
    }

    @Test func `Pauses keep their place among the frames, and say nothing twice`() throws {
        var ring = try FeedRing(byteCapacity: 4096)
        let feed = ring.feed
        let time = { (nanoseconds: Int64) in HostTime(nanoseconds: nanoseconds) }
        feed.resume(at: time(1))
        feed.pause(at: time(2))
        feed.pause(at: time(3))
        Self.put(try Numbered.frames(0..<5, Numbered.formats[2]), to: feed, at: 4, .exact)
        feed.resume(at: time(5))
        feed.pause(at: time(6))
        feed.resume(at: time(7))
        var seen: [FeedPiece] = []
        while ring.track.takeNext({ piece, _ in
            seen.append(piece)
            return Int(piece.frameCount)
        }) {}
        #expect(seen.map(\.kind) == [.pause, .frames, .pause, .resume])
        #expect(seen.map(\.hostTime.nanoseconds) == [2, 4, 6, 7])
        // However many, and whoever reads them.
        for index in 0..<100_000 {
            feed.pause(at: time(Int64(index)))
            feed.resume(at: time(Int64(index)))
        }
        #expect(ring.track.fill <= 1)
        feed.close()
        Self.put(try Numbered.frames(0..<5, Numbered.formats[2]), to: feed, at: 4, .exact)
        #expect(feed.droppedFrameCount == 0)
    }

    @Test func `RING-2: A piece that is longer than the ring leaves its start there, and is counted for the rest`()
        throws
    {
        var ring = try FeedRing(byteCapacity: 4096)
        let frames = try Numbered.frames(0..<50000, Numbered.formats[0])
        Self.put(frames, to: ring.feed, at: 9, .exact)
        var taken: [Taken] = []
        var toldCount: Int64 = 0
        Self.drain(&ring.track, &taken, &toldCount)
        #expect(taken.count >= 900)
        #expect(taken.map(\.number) == Array(0..<taken.count))
        #expect(ring.feed.droppedFrameCount == Int64(50000 - taken.count))
    }

    @Test func `REC-2: Frames of many threads come out whole, each thread's in its order`() async throws {
        let shared = Shared(try FeedRing(byteCapacity: 1 << 15))
        let feed = shared.ring.withLock { $0.feed }
        let taken = try await withThrowingTaskGroup(of: Void.self) { group in
            for thread in 0..<4 {
                group.addTask {
                    var random = Random(seed: UInt64(thread))
                    for call in 0..<500 {
                        let number = thread << 20 | call * 50
                        let frames = try Numbered.frames(number..<number + 50, Numbered.formats[random.below(5)])
                        Self.put(frames, to: feed, at: Int64(number), .measured)
                        if random.below(20) == 0 { feed.pause(at: HostTime(nanoseconds: 0)) }
                    }
                }
            }
            async let reader = Task.detached {
                var taken: [Taken] = []
                var toldCount: Int64 = 0
                while true {
                    let isLast = shared.isDone.load(ordering: .acquiring)
                    shared.ring.withLock { Self.drain(&$0.track, &taken, &toldCount) }
                    if isLast { return taken }
                    await Task.yield()
                }
            }.value
            try await group.waitForAll()
            shared.isDone.store(true, ordering: .releasing)
            return await reader
        }
        #expect(taken.count + Int(feed.droppedFrameCount) == 4 * 500 * 50)
        #expect(taken.allSatisfy { $0.number >= 0 })
        for thread in 0..<4 {
            let numbers = taken.map(\.number).filter { $0 >> 20 == thread }
            #expect(numbers == numbers.sorted() && Set(numbers).count == numbers.count)
        }
    }
}
