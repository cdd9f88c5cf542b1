public import Synchronization

/// The end that frames come out of. One thread at a time may own it.
@frozen
@safe
public struct FrameConsumer: ~Copyable, @unchecked Sendable {
    public let frameCapacity: Int
    public let bytesPerFrame: Int
    @usableFromInline let byteCapacity: Int
    @usableFromInline let base: UnsafeMutableRawPointer
    @usableFromInline let counters: RingCounters
    @usableFromInline let wakeThreshold: Int
    @usableFromInline let wakeup: Wakeup
    @usableFromInline let memory: MirroredMemory
    @usableFromInline var readCount = 0
    @usableFromInline var knownWrittenCount = 0
    @usableFromInline var byteOffset = 0
    /// `readCount` when the consumer last went to sleep.
    private var restingReadCount = -1

    init(memory: MirroredMemory, wakeup: Wakeup, bytesPerFrame: Int) {
        self.memory = memory
        self.wakeup = wakeup
        self.bytesPerFrame = bytesPerFrame
        byteCapacity = memory.byteCount
        frameCapacity = memory.byteCount / bytesPerFrame
        wakeThreshold = max(1, frameCapacity / 4)
        unsafe base = memory.base
        unsafe counters = RingCounters(at: memory.counters)
    }

    /// Frames taken out since the ring was made.
    @inlinable public var frameCount: Int { readCount }

    /// How many frames wait now. The producer can only make it larger.
    @inlinable
    public mutating func availableFrameCount() -> Int {
        unsafe knownWrittenCount = counters.written.pointee.load(ordering: .acquiring)
        return knownWrittenCount &- readCount
    }

    /// Lends the waiting frames, at most `frameCount`, to `body`, and takes out as many from their start as `body`
    /// returns. Returns that count; 0 without a call if the ring is empty.
    @inlinable
    public mutating func read<Failure: Error>(
        atMost frameCount: Int,
        _ body: (RawSpan) throws(Failure) -> Int
    ) throws(Failure) -> Int {
        var waiting = knownWrittenCount &- readCount
        if waiting < frameCount { waiting = availableFrameCount() }
        let count = min(waiting, frameCount)
        guard count > 0 else { return 0 }
        let region = unsafe UnsafeRawBufferPointer(start: base + byteOffset, count: count &* bytesPerFrame)
        let taken = try body(unsafe region.bytes)
        precondition(taken >= 0 && taken <= count)
        readCount &+= taken
        byteOffset &+= taken &* bytesPerFrame
        if byteOffset >= byteCapacity { byteOffset &-= byteCapacity }
        unsafe counters.read.pointee.store(readCount, ordering: .releasing)
        return taken
    }

    /// Sleeps until `timeout` is over, the ring is a quarter full, or `Wakeup.signal` is called (RING-4).
    ///
    /// A ring that is a quarter full wakes at once only a consumer that has taken something since its last sleep: one
    /// that waits for what is to come does not spin.
    public mutating func waitForFrames(timeout: Duration) {
        if prepareToSleep() { wakeup.wait(timeout: timeout) }
        awake()
    }

    /// Asks to be woken. Who reads several rings that share a `Wakeup` asks for all of them, waits on it, and then calls
    /// `awake` for each.
    ///
    /// - Returns: false if there is no reason to sleep.
    public mutating func prepareToSleep() -> Bool {
        _ = unsafe counters.asleep.pointee.exchange(1, ordering: .acquiringAndReleasing)
        return availableFrameCount() < wakeThreshold || readCount == restingReadCount
    }

    /// Ends what `prepareToSleep` began.
    public mutating func awake() {
        unsafe counters.asleep.pointee.store(0, ordering: .relaxed)
        restingReadCount = readCount
    }

    /// True where the system let the ring's memory be locked, so that no access to it waits for a disk (CAP-3).
    public var isMemoryLocked: Bool { memory.isLocked }

    /// What another thread uses to end the consumer's sleep early.
    public var waker: Wakeup { wakeup }
}
