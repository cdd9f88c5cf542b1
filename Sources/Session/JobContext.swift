internal import Synchronization
internal import Tracing

/// A job: the unit of work that sessions belong to. The first session started in it is its primary one, until the job
/// ends (SES-2); its span ends with the job (SES-8).
///
/// It is current in the task that runs `JobContext.run`, and in the tasks made there.
public final class JobContext: Sendable {
    private struct State {
        var primary: AgentSession?
        var heldSpan: HeldSpan?
        var isOver = false
    }

    /// Names the job in reports and logs.
    public let id: String
    private let clock: any Clock<Duration>
    private let state = Mutex(State())

    @TaskLocal private static var active: JobContext?

    private init(id: String, clock: any Clock<Duration>) {
        self.id = id
        self.clock = clock
    }

    /// The job of the current task; nil outside of any, and in a task that has outlived its job.
    public static var current: JobContext? {
        active.flatMap { job in job.state.withLock { $0.isOver } ? nil : job }
    }

    /// Runs `body` inside a new job, then ends the job: a primary session that still runs is closed, with all that belongs
    /// to its end, and its span ends. That happens also where `body` throws, or its task is cancelled.
    ///
    /// - Parameter clock: measures how long a span is held.
    public static func run<Result>(
        id: String,
        clock: any Clock<Duration> = ContinuousClock(),
        _ body: (JobContext) async throws -> Result
    ) async rethrows -> Result {
        let job = JobContext(id: id, clock: clock)
        let result: Result
        do {
            result = try await $active.withValue(job) { try await body(job) }
        } catch {
            await job.end()
            throw error
        }
        await job.end()
        return result
    }

    private func end() async {
        let primary = state.withLock { state in
            state.isOver = true
            return state.primary.take()
        }
        // The end of a session goes on where its caller is cancelled.
        await primary?.jobEnded(self)
        endHeldSpan()
    }

    func isPrimary(_ session: AgentSession) -> Bool {
        state.withLock { $0.primary === session }
    }

    /// Makes `session` the primary one unless another is; true if it is now.
    func claimPrimary(_ session: AgentSession) -> Bool {
        state.withLock { state in
            if state.primary == nil, !state.isOver { state.primary = session }
            return state.primary === session
        }
    }

    /// Takes the claim of a start that failed back (SES-3).
    func releasePrimary(_ session: AgentSession) {
        state.withLock { state in
            if state.primary === session { state.primary = nil }
        }
    }

    /// Keeps the primary session's span until the job ends, or until the next one is kept.
    func hold(_ span: any Span, atMost limit: Duration) {
        let held = HeldSpan(span, atMost: limit, on: clock)
        let due = state.withLock { state in
            if state.isOver { return held as HeldSpan? }
            defer { state.heldSpan = held }
            return state.heldSpan
        }
        due?.end()
    }

    /// Ends the span that is kept, if any.
    func endHeldSpan() {
        state.withLock { $0.heldSpan.take() }?.end()
    }
}
