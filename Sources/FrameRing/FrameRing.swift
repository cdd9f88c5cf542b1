/// A wait-free queue of frames from exactly one thread to exactly one other (RING-1).
///
/// Its capacity is fixed when it is made. Both ends see one contiguous region, whatever the frame size, because the
/// memory is mapped twice in a row. Neither end can be copied, so a second producer or consumer does not compile
/// (RING-3): take each out and move it to its thread.
@frozen
public struct FrameRing: ~Copyable {
    public var producer: FrameProducer
    public var consumer: FrameConsumer

    /// Makes a ring that holds at least `frameCapacity` frames of `bytesPerFrame` bytes each.
    ///
    /// - Parameters:
    ///   - wakeFrameCount: the consumer is woken when so many frames wait for it, or when the ring is a quarter full if that
    ///     comes first (RING-4).
    ///   - wakeup: of another ring, whose consumer this one's sleeps with; nil for one of its own.
    public init(
        frameCapacity: Int,
        bytesPerFrame: Int,
        wakeFrameCount: Int = .max,
        wakeup: Wakeup? = nil
    ) throws(FrameRingError) {
        precondition(frameCapacity > 0 && bytesPerFrame > 0 && wakeFrameCount > 0)
        let memory = try MirroredMemory(minimumByteCount: frameCapacity * bytesPerFrame)
        let wakeup = if let wakeup { wakeup } else { try Wakeup() }
        let wakeThreshold = min(max(1, memory.byteCount / bytesPerFrame / 4), wakeFrameCount)
        producer = FrameProducer(memory, wakeup, bytesPerFrame: bytesPerFrame, wakeThreshold: wakeThreshold)
        consumer = FrameConsumer(memory, wakeup, bytesPerFrame: bytesPerFrame, wakeThreshold: wakeThreshold)
    }
}
