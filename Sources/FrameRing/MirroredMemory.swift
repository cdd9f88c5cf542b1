internal import CLinux
internal import Glibc

/// Memory that is mapped twice, one copy right behind the other, so that a region that runs over the end goes on at
/// the start without a seam (RING-1).
///
/// Its size is a whole number of pages, whatever the machine's page size. It never grows and never moves. A fence: the
/// addresses below are for `FrameProducer` and `FrameConsumer` alone.
@usableFromInline
final class MirroredMemory: Sendable {
    /// Bytes in one of the two views.
    let byteCount: Int
    /// False where the limit on locked memory (RLIMIT_MEMLOCK) is too low.
    let isLocked: Bool
    private let address: UInt
    private let countersAddress: UInt

    /// Maps at least `minimumByteCount` bytes, backed and locked where the system allows it, so that the capture
    /// thread never waits for a page.
    init(minimumByteCount: Int) throws(FrameRingError) {
        let page = Int(sysconf(Int32(_SC_PAGESIZE)))
        byteCount = (minimumByteCount + page - 1) / page * page

        let file = unsafe linux_memfd_create("tapeline-ring")
        guard file >= 0 else { throw FrameRingError(call: "memfd_create", code: errno) }
        defer { close(file) }
        guard ftruncate(file, byteCount) == 0 else { throw FrameRingError(call: "ftruncate", code: errno) }

        // Reserve both views at once, so that nothing else can be mapped between them.
        guard
            let base = unsafe mmap(nil, 2 * byteCount, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
            unsafe base != MAP_FAILED
        else { throw FrameRingError(call: "mmap", code: errno) }
        for view in 0..<2 {
            let target = unsafe base + view * byteCount
            let flags = MAP_SHARED | MAP_FIXED | MAP_POPULATE
            guard unsafe mmap(target, byteCount, PROT_READ | PROT_WRITE, flags, file, 0) == target else {
                let code = errno
                unsafe munmap(base, 2 * byteCount)
                throw FrameRingError(call: "mmap", code: code)
            }
        }
        guard
            let counters = unsafe mmap(
                nil,
                page,
                PROT_READ | PROT_WRITE,
                MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE,
                -1,
                0
            ),
            unsafe counters != MAP_FAILED
        else {
            let code = errno
            unsafe munmap(base, 2 * byteCount)
            throw FrameRingError(call: "mmap", code: code)
        }
        isLocked = unsafe mlock(base, byteCount) == 0
        address = UInt(bitPattern: base)
        countersAddress = UInt(bitPattern: counters)
        unsafe RingCounters.initialize(at: counters)
    }

    deinit {
        unsafe munmap(base, 2 * byteCount)
        unsafe munmap(counters, Int(sysconf(Int32(_SC_PAGESIZE))))
    }

    var base: UnsafeMutableRawPointer {
        guard let pointer = unsafe UnsafeMutableRawPointer(bitPattern: address) else { preconditionFailure("unmapped") }
        return unsafe pointer
    }

    var counters: UnsafeMutableRawPointer {
        guard let pointer = unsafe UnsafeMutableRawPointer(bitPattern: countersAddress) else {
            preconditionFailure("unmapped")
        }
        return unsafe pointer
    }
}

/// A ring could not be made: which call refused, and its errno.
public struct FrameRingError: Error, CustomStringConvertible {
    public let call: String
    public let code: Int32

    public var description: String {
        unsafe "no memory for the ring (\(call): \(String(cString: strerror(code)))): use a shorter buffer or fewer channels"
    }
}
