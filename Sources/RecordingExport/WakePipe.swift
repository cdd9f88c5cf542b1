// Fence: poll.
import Glibc

/// Wakes a thread that waits for descriptors, from any other thread.
final class WakePipe: Sendable {
    enum Signal: UInt8, Sendable {
        case childEnded = 1
        case cancelled
    }

    private let readEnd: Descriptor
    private let writeEnd: Descriptor

    init() throws(SystemCallFailure) {
        let pipe = try Descriptor.pipe()
        try pipe.readEnd.makeNonBlocking()
        try pipe.writeEnd.makeNonBlocking()
        readEnd = pipe.readEnd
        writeEnd = pipe.writeEnd
    }

    /// Never blocks. There are two signals at most, and room for thousands.
    func send(_ signal: Signal) {
        do {
            let count = try writeEnd.write([signal.rawValue])
            precondition(count == 1, "a pipe with two bytes is full")
        } catch {
            preconditionFailure("a pipe with both ends open: \(error.text)")
        }
    }

    /// The signals since the last call.
    func received() throws(SystemCallFailure) -> [Signal] {
        var bytes = [UInt8](repeating: 0, count: 16)
        let count = try readEnd.read(into: &bytes) ?? 0
        return bytes[..<count].compactMap(Signal.init(rawValue:))
    }

    /// Blocks until a signal comes, one of the descriptors can be read, the last one can be written, or `deadline` passes.
    /// Negative numbers are left out.
    func wait(
        reading: [Int32],
        writing: Int32,
        until deadline: ContinuousClock.Instant?
    ) throws(SystemCallFailure) {
        var entries = ([readEnd.number] + reading).map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
        entries.append(pollfd(fd: writing, events: Int16(POLLOUT), revents: 0))
        var timeout: Int32 = -1
        if let deadline {
            let left = ContinuousClock.now.duration(to: deadline) / .milliseconds(1)
            timeout = Int32(min(max(left.rounded(.up), 0), 3_600_000))
        }
        let count = unsafe poll(&entries, nfds_t(entries.count), timeout)
        guard count >= 0 || errno == EINTR else { throw SystemCallFailure(call: "poll", code: errno) }
    }
}
