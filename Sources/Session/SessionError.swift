public import RecorderIO

/// Why a session did not start. Each description is one sentence that names the fix.
public enum SessionError: Error, Hashable, Sendable {
    /// It is being started already.
    case starting
    /// Exporters were given outside `JobContext.run` (SES-3).
    case exportersNeedJob
    /// Another session of the job is the primary one, and only that may record or export (SES-2, SES-3).
    case notPrimary
    /// Segments that cannot be: the sentence says why, and what to change.
    case segments(String)
    /// The device or the file.
    case recorder(RecorderError)
}

extension SessionError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .starting: "the session is being started already: wait for that before you start it again"
        case .exportersNeedJob: "recording exporters need a job: start the session inside JobContext.run"
        case .notPrimary:
            "another session of this job is the primary one, and only that can be recorded: start this one with record: false and without exporters"
        case .segments(let sentence): sentence
        case .recorder(let error): error.description
        }
    }
}
