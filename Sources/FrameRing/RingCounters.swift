internal import CLinux
public import Synchronization

/// The two frame counters that the ends share, each alone in 128 bytes, so that neither end's stores take the other's
/// cache line (128 because some processors fetch lines in pairs).
@usableFromInline
@frozen
@safe
struct RingCounters {
    @usableFromInline let written: UnsafeMutablePointer<Atomic<Int>>
    @usableFromInline let read: UnsafeMutablePointer<Atomic<Int>>
    /// 1 while the consumer sleeps and wants to be woken at the threshold.
    @usableFromInline let asleep: UnsafeMutablePointer<Atomic<Int>>

    static let stride = 128

    static func initialize(at memory: UnsafeMutableRawPointer) {
        for index in 0..<3 {
            let counter = unsafe (memory + index * stride).bindMemory(to: Atomic<Int>.self, capacity: 1)
            unsafe counter.initialize(to: Atomic(0))
        }
    }

    init(at memory: UnsafeMutableRawPointer) {
        unsafe written = memory.assumingMemoryBound(to: Atomic<Int>.self)
        unsafe read = (memory + Self.stride).assumingMemoryBound(to: Atomic<Int>.self)
        unsafe asleep = (memory + 2 * Self.stride).assumingMemoryBound(to: Atomic<Int>.self)
    }

    /// Wakes the consumer if it sleeps: one system call, no lock.
    @usableFromInline
    @_noLocks @_noAllocation
    func wakeConsumerIfAsleep(_ descriptor: Int32) {
        // Both ends exchange: whichever is second sees the other's, so either we wake it or it sees our frames.
        guard unsafe asleep.pointee.exchange(0, ordering: .acquiringAndReleasing) == 1 else { return }
        // The only failure is a counter at its limit, and then a signal is pending anyway.
        _ = linux_eventfd_signal(descriptor)
    }
}
