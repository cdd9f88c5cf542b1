import Capture
import Glibc
import Synchronization
import Testing

@testable import FrameRing

@Suite struct FrameRingTests {
    // RING-1
    @Test(arguments: [1, 2, 3, 4, 6, 7, 24, 32, 192, 256, 4097])
    func `Every region is contiguous, whatever the frame size`(bytesPerFrame: Int) throws {
        let ring = try FrameRing(frameCapacity: 1000, bytesPerFrame: bytesPerFrame)
        var producer = ring.producer
        var consumer = ring.consumer
        var written = 0
        var read = 0
        var wrongByteCount = 0
        // Odd steps, so that regions end everywhere around the end of the mapping; several times around it.
        for step in 0..<3000 where written < 5 * producer.frameCapacity {
            let wanted = 1 + (step * 7919) % producer.frameCapacity
            let count = producer.write(atMost: wanted) { span in
                for offset in 0..<span.byteCount {
                    span.storeBytes(of: byte(written * bytesPerFrame + offset), toByteOffset: offset, as: UInt8.self)
                }
                return span.byteCount / bytesPerFrame
            }
            #expect(count == wanted)
            written += count
            while read < written {
                let least = min(written - read, 1 + read % 613)
                let taken = consumer.read(atMost: 1 + read % 613) { span in
                    for offset in 0..<span.byteCount {
                        let stored = unsafe span.unsafeLoad(fromByteOffset: offset, as: UInt8.self)
                        if stored != byte(read * bytesPerFrame + offset) { wrongByteCount += 1 }
                    }
                    return span.byteCount / bytesPerFrame
                }
                #expect(taken == least)
                read += taken
            }
        }
        #expect(written >= 5 * producer.frameCapacity)
        #expect(read == written)
        #expect(wrongByteCount == 0)
    }

    // RING-2
    @Test func `A full ring takes nothing and returns at once, an empty one gives nothing`() throws {
        let ring = try FrameRing(frameCapacity: 100, bytesPerFrame: 4)
        var producer = ring.producer
        var consumer = ring.consumer
        let capacity = producer.frameCapacity
        #expect(capacity >= 100)
        #expect(consumer.frameCapacity == capacity)
        let readOfEmpty = consumer.read(atMost: 1) { _ in
            Issue.record("an empty ring lends nothing")
            return 1
        }
        #expect(readOfEmpty == 0)
        let filled = producer.write(atMost: .max) { $0.byteCount / 4 }
        #expect(filled == capacity)
        let freeWhenFull = producer.freeFrameCount()
        #expect(freeWhenFull == 0)
        // Nobody reads meanwhile: a producer that waited for its consumer would never return.
        let writeOfFull = producer.write(atMost: 1) { _ in
            Issue.record("a full ring lends nothing")
            return 1
        }
        #expect(writeOfFull == 0)
        let taken = consumer.read(atMost: 10) { _ in 3 }
        #expect(taken == 3)
        let free = producer.freeFrameCount()
        #expect(free == 3)
        let waiting = consumer.availableFrameCount()
        #expect(waiting == capacity - 3)
        #expect(producer.frameCount == capacity)
        #expect(consumer.frameCount == 3)
    }

    // RING-1: the size is the least whole number of pages that holds what was asked for, and every byte of it is used.
    @Test(arguments: [(1, 1), (1024, 4), (1025, 4), (48_000 * 10, 4), (480_000, 256), (3, 4097)])
    func `The capacity is what was asked for, rounded up to whole pages`(frameCount: Int, bytesPerFrame: Int) throws {
        let page = Int(sysconf(Int32(_SC_PAGESIZE)))
        let byteCount = (frameCount * bytesPerFrame + page - 1) / page * page
        let ring = try FrameRing(frameCapacity: frameCount, bytesPerFrame: bytesPerFrame)
        var producer = ring.producer
        #expect(producer.frameCapacity == byteCount / bytesPerFrame)
        #expect(producer.memory.byteCount == byteCount)
        let free = producer.freeFrameCount()
        #expect(free == byteCount / bytesPerFrame)
    }

    // RING-2
    @Test func `A hundred times the ring's size goes through the same memory`() throws {
        let ring = try FrameRing(frameCapacity: 4096, bytesPerFrame: 8)
        var producer = ring.producer
        var consumer = ring.consumer
        let base = unsafe UInt(bitPattern: producer.base)
        for _ in 0..<100 {
            let written = producer.write(atMost: .max) { span in
                let start = unsafe span.withUnsafeBytes { UInt(bitPattern: $0.baseAddress) }
                #expect(start >= base && start < base + 4096 * 8)
                return span.byteCount / 8
            }
            let read = consumer.read(atMost: .max) { $0.byteCount / 8 }
            #expect(written == 4096 && read == 4096)
        }
        #expect(unsafe UInt(bitPattern: producer.base) == base)
        #expect(producer.memory.byteCount == 4096 * 8)
    }

    // RING-1: every byte over many millions of frames, two threads, random sizes on both sides.
    @Test func `Two threads hand over every byte in order`() throws {
        let total = isThreadSanitized ? 2_000_000 : 40_000_000
        let ring = try FrameRing(frameCapacity: 4000, bytesPerFrame: 6)
        var consumer = ring.consumer
        let writer = try RealtimeThread(name: "ring-writer", owning: ring.producer) { producer in
            var producer = producer
            var random = Random(seed: 1)
            var position = 0
            while position < total {
                let count = producer.write(atMost: min(random.below(producer.frameCapacity) + 1, total - position)) {
                    fill(&$0, from: position)
                }
                position += count
                if count == 0 { sched_yield() }
            }
        }
        var random = Random(seed: 2)
        var position = 0
        var wrongCount = 0
        while position < total {
            let count = consumer.read(atMost: random.below(consumer.frameCapacity) + 1) { span in
                wrongCount += wrongFrameCount(span, from: position)
                return span.byteCount / 6
            }
            position += count
            if count == 0 { sched_yield() }
        }
        writer.join()
        #expect(wrongCount == 0)
        let left = consumer.availableFrameCount()
        #expect(left == 0)
    }

    // RING-4: the sleeping consumer's mark is taken back by who wakes it, so it tells exactly when that happens.
    @Test func `A sleeping consumer is woken when the ring is a quarter full, not before`() throws {
        let ring = try FrameRing(frameCapacity: 4096, bytesPerFrame: 4)
        var producer = ring.producer
        let quarter = producer.frameCapacity / 4
        let woken = Mailbox<Int>()
        let reader = try RealtimeThread(name: "ring-reader", owning: ring.consumer) { consumer in
            var consumer = consumer
            consumer.waitForFrames(timeout: .seconds(3600))
            woken.put(consumer.availableFrameCount())
        }
        producer.waitUntilConsumerSleeps()
        _ = producer.write(atMost: quarter - 1) { $0.byteCount / 4 }
        #expect(producer.isConsumerAsleep == true)
        _ = producer.write(atMost: 1) { _ in 1 }
        #expect(producer.isConsumerAsleep == false)
        reader.join()
        #expect(woken.value == quarter)
    }

    // RING-4: how full the ring is, not how much went through it, wakes the consumer.
    @Test func `A consumer that has read all is not woken by the next frame`() throws {
        let ring = try FrameRing(frameCapacity: 4096, bytesPerFrame: 4)
        var producer = ring.producer
        var consumer = ring.consumer
        let quarter = producer.frameCapacity / 4
        _ = producer.write(atMost: 2 * quarter) { $0.byteCount / 4 }
        _ = consumer.read(atMost: .max) { $0.byteCount / 4 }
        let reader = try RealtimeThread(name: "ring-reader", owning: consumer) { consumer in
            var consumer = consumer
            consumer.waitForFrames(timeout: .seconds(3600))
        }
        producer.waitUntilConsumerSleeps()
        _ = producer.write(atMost: quarter - 1) { $0.byteCount / 4 }
        #expect(producer.isConsumerAsleep == true)
        _ = producer.write(atMost: 1) { _ in 1 }
        #expect(producer.isConsumerAsleep == false)
        reader.join()
    }

    // RING-4
    @Test func `A consumer does not sleep while a quarter of the ring waits, and a signal ends its sleep`() throws {
        let ring = try FrameRing(frameCapacity: 4096, bytesPerFrame: 4)
        var producer = ring.producer
        var consumer = ring.consumer
        _ = producer.write(atMost: producer.frameCapacity / 4) { $0.byteCount / 4 }
        consumer.waitForFrames(timeout: .seconds(3600))
        _ = consumer.read(atMost: .max) { $0.byteCount / 4 }
        consumer.waker.signal()
        consumer.waitForFrames(timeout: .seconds(3600))
        // Taken back: it does not end the next sleep.
        #expect(!isReadable(consumer.waker.fileDescriptor))
    }

    // RING-4
    @Test func `A consumer that was woken while awake does not sleep`() throws {
        let ring = try FrameRing(frameCapacity: 4096, bytesPerFrame: 4)
        var producer = ring.producer
        var consumer = ring.consumer
        producer.wakeConsumer()
        consumer.waitForFrames(timeout: .seconds(3600))
        #expect(!isReadable(consumer.waker.fileDescriptor))
    }

    // RING-3: checked by the compiler itself.
    @Test(.disabled(if: isThreadSanitized))
    func `A second producer does not compile`() throws {
        let copying = "func twice(_ a: consuming End) { let b = a; use(b); use(a) }"
        let moving = "func once(_ a: consuming End) { let b = a; use(b) }"
        for end in ["FrameProducer", "FrameConsumer"] {
            let head = "import FrameRing\ntypealias End = \(end)\nfunc use(_ end: borrowing End) {}\n"
            let moved = try Compiler.check(head + moving)
            #expect(moved.status == 0, "\(moved.messages)")
            let copied = try Compiler.check(head + copying)
            #expect(copied.status != 0)
            #expect(copied.messages.contains("consumed"), "\(copied.messages)")
        }
    }
}
