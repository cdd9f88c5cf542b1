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
    /// - Parameter wakeup: of another ring, whose consumer this one's sleeps with; nil for one of its own.
    public init(frameCapacity: Int, bytesPerFrame: Int, wakeup: Wakeup? = nil) throws(FrameRingError) {
        precondition(frameCapacity > 0 && bytesPerFrame > 0)
        let memory = try MirroredMemory(minimumByteCount: frameCapacity * bytesPerFrame)
        let wakeup = if let wakeup { wakeup } else { try Wakeup() }
        producer = FrameProducer(memory: memory, wakeup: wakeup, bytesPerFrame: bytesPerFrame)
        consumer = FrameConsumer(memory: memory, wakeup: wakeup, bytesPerFrame: bytesPerFrame)
    }
}
