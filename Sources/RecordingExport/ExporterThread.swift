// Fence: the one file here that makes threads.
import Dispatch
import Glibc
import Synchronization

/// An operating-system thread that runs one exporter's task and nothing else.
///
/// The cooperative pool has as many threads as the box has cores: an exporter that blocks its thread there would take
/// every other task with it (EXP-2). Here it blocks itself.
final class ExporterThread: TaskExecutor {
    private struct Queue {
        var jobs: [UnownedJob] = []
        var isRunning = false
        var isFinished = false
    }

    private let queue = Mutex(Queue())
    private let wakeUps = DispatchSemaphore(value: 0)

    /// Throws `RecordingExportError` where the system has no thread left.
    init() throws(RecordingExportError) {
        queue.withLock { $0.isRunning = true }
        try Self.start { self.runJobs() }
    }

    /// Lets the thread end once it has run what is queued.
    func finish() {
        queue.withLock { $0.isFinished = true }
        wakeUps.signal()
    }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        let mustStart = queue.withLock { queue in
            queue.jobs.append(job)
            defer { queue.isRunning = true }
            return !queue.isRunning
        }
        wakeUps.signal()
        guard mustStart else { return }
        // An actor that the exporter left behind may still have work for this executor after the exporter ended.
        do {
            try Self.start { self.runJobs() }
        } catch {
            let jobs = queue.withLock { queue in
                defer { queue.jobs = [] }
                queue.isRunning = false
                return queue.jobs
            }
            // A job must run somewhere; the shared pool is the last place for it.
            for job in jobs { globalConcurrentExecutor.enqueue(job) }
        }
    }

    private func runJobs() {
        while let job = nextJob() {
            unsafe job.runSynchronously(on: asUnownedTaskExecutor())
        }
    }

    private func nextJob() -> UnownedJob? {
        while true {
            let (job, isOver) = queue.withLock { queue -> (UnownedJob?, Bool) in
                if !queue.jobs.isEmpty { return (queue.jobs.removeFirst(), false) }
                if queue.isFinished { queue.isRunning = false }
                return (nil, queue.isFinished)
            }
            if job != nil || isOver { return job }
            wakeUps.wait()
        }
    }

    /// Runs `body` on a new thread of its own.
    static func start(_ body: @escaping @Sendable () -> Void) throws(RecordingExportError) {
        let context = unsafe Unmanaged.passRetained(ThreadBody(body))
        var thread = pthread_t()
        let code = unsafe pthread_create(
            &thread,
            nil,
            { context in
                guard let context = unsafe context else { return nil }
                unsafe Unmanaged<ThreadBody>.fromOpaque(context).takeRetainedValue().run()
                return nil
            },
            context.toOpaque()
        )
        guard code == 0 else {
            unsafe context.release()
            throw RecordingExportError(
                .failed,
                "no thread could be started for the exporter (pthread_create: errno \(code)): "
                    + "raise the limit on threads (ulimit -u, or TasksMax in systemd), or free memory",
                onSpan: "no thread could be started for the exporter",
                isRetryable: true,
                systemCall: "pthread_create",
                code: code
            )
        }
        // Fails only for a thread that does not exist or is detached, and this one was joinable until now.
        let detached = pthread_detach(thread)
        precondition(detached == 0, "pthread_detach: errno \(detached)")
    }
}

private final class ThreadBody: Sendable {
    let run: @Sendable () -> Void

    init(_ run: @escaping @Sendable () -> Void) { self.run = run }
}
