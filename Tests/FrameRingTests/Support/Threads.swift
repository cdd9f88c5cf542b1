import Glibc
import Synchronization

@testable import FrameRing

/// One value from another thread, read after that has ended.
final class Mailbox<Value: Sendable>: Sendable {
    private let content = Mutex<Value?>(nil)

    var value: Value? { content.withLock { $0 } }
    func put(_ value: Value) { content.withLock { $0 = value } }
}

extension FrameProducer {
    var isConsumerAsleep: Bool { unsafe counters.asleep.pointee.load(ordering: .acquiring) == 1 }

    func waitUntilConsumerSleeps() {
        while !isConsumerAsleep { sched_yield() }
    }
}

func isReadable(_ fileDescriptor: Int32) -> Bool {
    var descriptor = pollfd(fd: fileDescriptor, events: Int16(POLLIN), revents: 0)
    return unsafe poll(&descriptor, 1, 0) > 0
}

/// True in a process that the thread sanitizer watches, which makes it some 20 times slower.
let isThreadSanitized = unsafe dlsym(nil, "__tsan_init") != nil
