import FrameRing
import Synchronization
import Testing

#if canImport(Glibc)
    import Glibc
#endif

@Suite struct FrameRingTests {
    // RING-1
    @Test(arguments: [1, 2, 3, 4, 6, 7, 24, 32, 192, 256, 4097])
    func `Every region is contiguous, whatever the frame size`(bytesPerFrame: Int) throws {
        var ring = try FrameRing(frameCapacity: 1000, bytesPerFrame: bytesPerFrame)
        var written: UInt64 = 0
        var read: UInt64 = 0
        // Odd steps, so that regions end everywhere around the end of the mapping.
        for step in 0..<3000 {
            let wanted = 1 + (step * 7919) % ring.producer.frameCapacity
            let count = ring.producer.write(atMost: wanted) { span in
                let frames = span.byteCount / bytesPerFrame
                for offset in 0..<frames * bytesPerFrame {
                    span.storeBytes(
                        of: Self.byte(written * UInt64(bytesPerFrame) + UInt64(offset)),
                        toByteOffset: offset,
                        as: UInt8.self
                    )
                }
                return frames
            }
            #expect(count > 0)
            written += UInt64(count)
            while read < written {
                let taken = ring.consumer.read(atMost: 1 + Int(read % 613)) { span in
                    for offset in 0..<span.byteCount {
                        let expected = Self.byte(read * UInt64(bytesPerFrame) + UInt64(offset))
                        guard span.unsafeLoadByte(offset) == expected else {
                            Issue.record("frame \(read), byte \(offset)")
                            break
                        }
                    }
                    return span.byteCount / bytesPerFrame
                }
                read += UInt64(taken)
            }
            if bytesPerFrame * Int(written) > 3_000_000 { break }
        }
    }

    // RING-2
    @Test func `A full ring takes nothing and says so, an empty one gives nothing`() throws {
        var ring = try FrameRing(frameCapacity: 100, bytesPerFrame: 4)
        let capacity = ring.producer.frameCapacity
        #expect(capacity >= 100)
        #expect(ring.consumer.read(atMost: 1) { _ in 1 } == 0)
        #expect(ring.producer.write(atMost: .max) { $0.byteCount / 4 } == capacity)
        #expect(ring.producer.freeFrameCount() == 0)
        #expect(ring.producer.write(atMost: 1) { _ in 1 } == 0)
        #expect(ring.consumer.read(atMost: 10) { _ in 3 } == 3)
        #expect(ring.producer.freeFrameCount() == 3)
        #expect(ring.consumer.availableFrameCount() == capacity - 3)
    }

    // RING-1: every byte over many millions of frames, two threads, random sizes on both sides.
    @Test func `Two threads hand over every byte in order`() async throws {
        let bytesPerFrame = 6
        let total = Self.isThreadSanitized ? 2_000_000 : 40_000_000
        var ring = try FrameRing(frameCapacity: 4000, bytesPerFrame: bytesPerFrame)
        let capacity = ring.producer.frameCapacity
        let producer = UniqueBox(ring.producer)
        let writer = Thread {
            var producer = producer.take()
            var random = SplitMix(state: 1)
            var position = 0
            while position < total {
                let wanted = min(1 + Int(random.next() % UInt64(capacity)), total - position)
                position += producer.write(atMost: wanted) { span in
                    let frames = span.byteCount / bytesPerFrame
                    for frame in 0..<frames {
                        let value = Self.word(position + frame)
                        span.storeBytes(of: UInt32(truncatingIfNeeded: value), toByteOffset: frame * 6, as: UInt32.self)
                        span.storeBytes(
                            of: UInt16(truncatingIfNeeded: value >> 32),
                            toByteOffset: frame * 6 + 4,
                            as: UInt16.self
                        )
                    }
                    return frames
                }
            }
        }
        var random = SplitMix(state: 2)
        var position = 0
        var wrongCount = 0
        while position < total {
            let wanted = 1 + Int(random.next() % UInt64(capacity))
            position += ring.consumer.read(atMost: wanted) { span in
                let frames = span.byteCount / bytesPerFrame
                for frame in 0..<frames {
                    let low = unsafe span.unsafeLoadUnaligned(fromByteOffset: frame * 6, as: UInt32.self)
                    let high = unsafe span.unsafeLoadUnaligned(fromByteOffset: frame * 6 + 4, as: UInt16.self)
                    let expected = Self.word(position + frame) & 0xFFFF_FFFF_FFFF
                    if UInt64(low) | UInt64(high) << 32 != expected { wrongCount += 1 }
                }
                return frames
            }
        }
        writer.join()
        #expect(wrongCount == 0)
        #expect(position == total)
    }

    // RING-4
    @Test func `A sleeping consumer wakes when the ring is a quarter full, not before`() throws {
        var ring = try FrameRing(frameCapacity: 4096, bytesPerFrame: 4)
        let quarter = ring.producer.frameCapacity / 4
        let producer = UniqueBox(ring.producer)
        let stage = Atomic<Int>(0)
        let waker = ring.consumer.waker
        let writer = Thread {
            var producer = producer.take()
            while stage.load(ordering: .acquiring) == 0 {}
            _ = producer.write(atMost: quarter - 1) { $0.byteCount / 4 }
            stage.store(2, ordering: .releasing)
            while stage.load(ordering: .acquiring) != 3 {}
            _ = producer.write(atMost: 1) { _ in 1 }
        }
        stage.store(1, ordering: .releasing)
        while stage.load(ordering: .acquiring) != 2 {}
        #expect(waker.isSignalled == false)
        stage.store(3, ordering: .releasing)
        ring.consumer.waitForFrames(timeout: .seconds(60))
        #expect(ring.consumer.availableFrameCount() == quarter)
        writer.join()
    }

    static func byte(_ position: UInt64) -> UInt8 {
        UInt8(truncatingIfNeeded: (position &* 0x9E37_79B9_7F4A_7C15) >> 56)
    }

    static func word(_ position: Int) -> UInt64 { UInt64(position) &* 0x9E37_79B9_7F4A_7C15 >> 7 }

    static var isThreadSanitized: Bool { getenv("TAPELINE_TSAN") != nil }
}
