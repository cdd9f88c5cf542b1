internal import Synchronization

/// A job: the unit of work that sessions belong to. The first session started in it is its primary one, until the job
/// ends (SES-2).
///
/// It is current in the task that runs `JobContext.run`, and in the tasks made there.
public final class JobContext: Sendable {
    /// Names the job in reports and logs.
    public let id: String
    private let primary = Mutex<ObjectIdentifier?>(nil)

    @TaskLocal private static var active: JobContext?

    private init(id: String) {
        self.id = id
    }

    /// The job of the current task, if any.
    public static var current: JobContext? { active }

    /// Runs `body` inside a new job.
    public static func run<Result>(
        id: String,
        _ body: (JobContext) async throws -> Result
    ) async rethrows -> Result {
        let job = JobContext(id: id)
        return try await $active.withValue(job) { try await body(job) }
    }

    func isPrimary(_ session: AnyObject) -> Bool {
        primary.withLock { $0 == ObjectIdentifier(session) }
    }

    /// Makes `session` the primary one unless another is; true if it is now.
    func claimPrimary(_ session: AnyObject) -> Bool {
        primary.withLock { primary in
            if primary == nil { primary = ObjectIdentifier(session) }
            return primary == ObjectIdentifier(session)
        }
    }

    /// Takes the claim of a start that failed back (SES-3).
    func releasePrimary(_ session: AnyObject) {
        primary.withLock { primary in
            if primary == ObjectIdentifier(session) { primary = nil }
        }
    }
}
