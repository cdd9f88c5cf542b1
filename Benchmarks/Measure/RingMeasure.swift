import Audio
import CPinning
import Capture
import FrameRing

/// What the ring costs for each block of 64 frames of 4 bytes that is copied in and out again, as `rings.cpp` has it.
enum RingMeasure {
    private static let frameCount = 64
    private static let bytesPerFrame = 4
    private static let capacity = 16384
    private static let windowBlockCount = 200_000

    /// Both ends in one thread, in turn: prints ns for each block.
    static func runInOne(blockCount: Int) throws {
        var ring = try FrameRing(frameCapacity: capacity, bytesPerFrame: bytesPerFrame)
        var block = Block()
        let begin = HostTime.now()
        for number in 0..<blockCount {
            block.stamp(number)
            guard write(block, to: &ring.producer), read(into: &block, from: &ring.consumer) else {
                preconditionFailure("the ring is stuck")
            }
            block.check(number)
        }
        print(HostTime.now().seconds(since: begin) * 1e9 / Double(blockCount))
    }

    /// An end on each of two processors: prints ns for each block, the median of windows.
    static func runInTwo(blockCount: Int) throws {
        let ring = try FrameRing(frameCapacity: capacity, bytesPerFrame: bytesPerFrame)
        let thread = try RealtimeThread(name: "producer", owning: ring.producer) { producer in
            pin_to_processor(0)
            var producer = producer
            let block = Block()
            for number in 0..<blockCount {
                block.stamp(number)
                while !write(block, to: &producer) {}
            }
        }
        pin_to_processor(1)
        var consumer = ring.consumer
        var block = Block()
        var windows: [Double] = []
        windows.reserveCapacity(blockCount / windowBlockCount)
        var begin = HostTime.now()
        for number in 0..<blockCount {
            while !read(into: &block, from: &consumer) {}
            block.check(number)
            guard (number + 1) % windowBlockCount == 0 else { continue }
            let end = HostTime.now()
            windows.append(end.seconds(since: begin) * 1e9 / Double(windowBlockCount))
            begin = end
        }
        thread.join()
        print(windows.sorted()[windows.count / 2])
    }

    @inline(__always)
    private static func write(_ block: borrowing Block, to producer: inout FrameProducer) -> Bool {
        let memory = unsafe block.memory
        return producer.write(atMost: frameCount) { region in
            guard region.byteCount == frameCount * bytesPerFrame else { return 0 }
            unsafe region.withUnsafeMutableBytes { target in
                guard let start = target.baseAddress else { return }
                unsafe start.copyMemory(from: memory, byteCount: target.count)
            }
            return frameCount
        } == frameCount
    }

    @inline(__always)
    private static func read(into block: inout Block, from consumer: inout FrameConsumer) -> Bool {
        let memory = unsafe block.memory
        return consumer.read(atMost: frameCount) { region in
            guard region.byteCount == frameCount * bytesPerFrame else { return 0 }
            unsafe region.withUnsafeBytes { source in
                guard let start = source.baseAddress else { return }
                unsafe memory.copyMemory(from: start, byteCount: source.count)
            }
            return frameCount
        } == frameCount
    }
}

/// The bytes of one block, which begin with its number.
@safe
private struct Block: ~Copyable {
    let memory: UnsafeMutableRawPointer

    init() {
        unsafe memory = .allocate(byteCount: 256, alignment: 64)
        unsafe memory.initializeMemory(as: UInt8.self, repeating: 0, count: 256)
    }

    deinit { unsafe memory.deallocate() }

    func stamp(_ number: Int) { unsafe memory.storeBytes(of: number, as: Int.self) }

    func check(_ number: Int) {
        precondition(unsafe memory.load(as: Int.self) == number, "a block is not what was written")
    }
}
