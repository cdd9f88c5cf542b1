internal import CLinux
internal import Glibc
internal import Synchronization

/// An operating system thread that owns a value for as long as it runs.
///
/// With a priority it runs under SCHED_FIFO where the system allows it (CAP-3). A fence: the only place that makes
/// threads for recording.
public final class RealtimeThread: Sendable {
    private let handle: pthread_t
    private let isJoined = Atomic<Bool>(false)

    /// Starts a thread that runs `body` once with `value`.
    ///
    /// - Parameters:
    ///   - name: what `ps` and a debugger show; at most 15 bytes.
    ///   - value: moved into the thread, so that nothing else can touch it.
    public init<Value: ~Copyable & Sendable>(
        name: String,
        owning value: consuming Value,
        _ body: @escaping @Sendable (consuming Value) -> Void
    ) throws(CaptureError) {
        precondition(name.utf8.count <= 15)
        let start = ThreadStart(name, value, body)
        var created = pthread_t()
        let argument = unsafe Unmanaged.passRetained(start as AnyObject)
        let code = unsafe pthread_create(
            &created,
            nil,
            { argument in
                guard let argument = unsafe argument else { return nil }
                let start = unsafe Unmanaged<AnyObject>.fromOpaque(argument).takeRetainedValue()
                (start as? any Runnable)?.run()
                return nil
            },
            argument.toOpaque()
        )
        guard code == 0 else {
            unsafe argument.release()
            throw .system(call: "pthread_create", code: code)
        }
        handle = created
    }

    /// Waits until the thread has ended. Call it exactly once.
    public func join() {
        isJoined.store(true, ordering: .relaxed)
        pthread_join(handle, nil)
    }

    deinit {
        if !isJoined.load(ordering: .relaxed) { pthread_detach(handle) }
    }

    /// Gives the calling thread a fixed real-time priority; false where the system does not allow it.
    public static func becomeRealtime(priority: Int32) -> Bool {
        var parameters = sched_param()
        parameters.sched_priority = priority
        return unsafe pthread_setschedparam(pthread_self(), SCHED_FIFO, &parameters) == 0
    }
}

private protocol Runnable: AnyObject {
    func run()
}

private final class ThreadStart<Value: ~Copyable>: Runnable {
    private let name: String
    private var value: Value?
    private let body: (consuming Value) -> Void

    init(_ name: String, _ value: consuming Value, _ body: @escaping (consuming Value) -> Void) {
        self.name = name
        self.value = consume value
        self.body = body
    }

    func run() {
        _ = unsafe linux_name_this_thread(name)
        if let value = value.take() { body(value) }
    }
}
