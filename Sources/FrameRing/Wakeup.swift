internal import CLinux
internal import Glibc

/// Ends another thread's sleep: an eventfd, so that signalling is one system call and takes no lock (RING-4).
public final class Wakeup: Sendable {
    /// Readable while a signal is pending, for those who wait on several things with poll(2).
    public let fileDescriptor: Int32

    public init() throws(FrameRingError) {
        fileDescriptor = linux_eventfd()
        guard fileDescriptor >= 0 else { throw FrameRingError(call: "eventfd", code: errno) }
    }

    deinit { close(fileDescriptor) }

    /// Makes the current or the next `wait` return at once. Callable from any thread and from a signal handler.
    public func signal() {
        // The only failure of this write is a counter at its limit, and then a signal is pending anyway.
        _ = linux_eventfd_signal(fileDescriptor)
    }

    /// Sleeps until signalled, or until `timeout` is over, and takes the signal back.
    public func wait(timeout: Duration) {
        let (seconds, attoseconds) = timeout.components
        if linux_wait_readable(fileDescriptor, seconds * 1_000_000_000 + attoseconds / 1_000_000_000) > 0 { reset() }
    }

    /// Takes a pending signal back.
    public func reset() {
        // Fails only with EAGAIN: nothing was pending.
        _ = linux_eventfd_reset(fileDescriptor)
    }
}
