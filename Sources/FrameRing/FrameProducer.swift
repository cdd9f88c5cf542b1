public import Synchronization

/// The end that frames go into. One thread at a time may own it; it never waits for the consumer (RING-2).
@frozen
@safe
public struct FrameProducer: ~Copyable, @unchecked Sendable {
    /// The most frames that the ring can hold.
    public let frameCapacity: Int
    public let bytesPerFrame: Int
    @usableFromInline let byteCapacity: Int
    @usableFromInline let base: UnsafeMutableRawPointer
    @usableFromInline let counters: RingCounters
    /// The consumer is woken when this many frames wait for it (RING-4).
    @usableFromInline let wakeThreshold: Int
    /// Kept for its descriptor, which is used without counting a reference.
    @usableFromInline let wakeup: Wakeup
    @usableFromInline let wakeDescriptor: Int32
    @usableFromInline let memory: MirroredMemory
    @usableFromInline var writtenCount = 0
    @usableFromInline var knownReadCount = 0
    @usableFromInline var byteOffset = 0

    init(memory: MirroredMemory, wakeup: Wakeup, bytesPerFrame: Int) {
        self.memory = memory
        self.wakeup = wakeup
        wakeDescriptor = wakeup.fileDescriptor
        self.bytesPerFrame = bytesPerFrame
        byteCapacity = memory.byteCount
        frameCapacity = memory.byteCount / bytesPerFrame
        wakeThreshold = max(1, frameCapacity / 4)
        unsafe base = memory.base
        unsafe counters = RingCounters(at: memory.counters)
    }

    /// Frames put in since the ring was made.
    @inlinable public var frameCount: Int { writtenCount }

    /// How many frames fit in now. The consumer can only make it larger.
    @inlinable
    @_noLocks @_noAllocation
    public mutating func freeFrameCount() -> Int {
        unsafe knownReadCount = counters.read.pointee.load(ordering: .acquiring)
        return frameCapacity &- (writtenCount &- knownReadCount)
    }

    /// Lends the free region, at most `frameCount` frames of it, to `body`, and hands on as many frames from its
    /// start as `body` returns. Returns that count; 0 without a call if the ring is full.
    @inlinable
    public mutating func write<Failure: Error>(
        atMost frameCount: Int,
        _ body: (inout MutableRawSpan) throws(Failure) -> Int
    ) throws(Failure) -> Int {
        var free = frameCapacity &- (writtenCount &- knownReadCount)
        if free < frameCount { free = freeFrameCount() }
        let room = min(free, frameCount)
        guard room > 0 else { return 0 }
        let region = unsafe UnsafeMutableRawBufferPointer(start: base + byteOffset, count: room &* bytesPerFrame)
        var span = unsafe region.mutableBytes
        let filled = try body(&span)
        precondition(filled >= 0 && filled <= room)
        publish(filled)
        return filled
    }

    @inlinable
    @_noLocks @_noAllocation
    mutating func publish(_ filled: Int) {
        writtenCount &+= filled
        byteOffset &+= filled &* bytesPerFrame
        if byteOffset >= byteCapacity { byteOffset &-= byteCapacity }
        unsafe counters.written.pointee.store(writtenCount, ordering: .releasing)
        // What is known may be old: how full the ring is now decides, not how much went through it.
        if writtenCount &- knownReadCount >= wakeThreshold, frameCapacity &- freeFrameCount() >= wakeThreshold {
            counters.wakeConsumerIfAsleep(wakeDescriptor)
        }
    }

    /// Ends the consumer's sleep, or its next one if it is awake: for what it learns otherwise than by frames.
    public mutating func wakeConsumer() {
        unsafe counters.asleep.pointee.store(0, ordering: .relaxed)
        wakeup.signal()
    }
}
