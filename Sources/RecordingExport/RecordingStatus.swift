/// What became of a session's recording, as `tapeline.recording.status`: exactly one at each session's end (EXP-7).
public enum RecordingStatus: String, Hashable, Sendable, Codable, CaseIterable {
    /// A reference to the recording is on the span.
    case attached
    /// Nothing failed, and no exporter returned a reference.
    case none
    /// The session was not recorded.
    case disabled
    case tooLarge = "too_large"
    case unreadable
    case timeout
    case failed
    case deferred

    /// The first of these that holds:
    /// 1. `attached`: some exporter returned a reference, whatever else failed;
    /// 2. `disabled`: recording was off;
    /// 3. `failed`: the recording failed;
    /// 4. the worst of the outcomes, from what waiting will not mend to what is merely late: `failed` (and `cancelled`),
    ///    `unreadable`, `too_large`, `timeout`, `deferred`;
    /// 5. `none`.
    public init(isRecordingOn: Bool, didRecordingFail: Bool, outcomes: [ExportOutcome]) {
        let kinds = Set(outcomes.map(\.outcome))
        if kinds.contains(.attached) {
            self = .attached
        } else if !isRecordingOn {
            self = .disabled
        } else if didRecordingFail || kinds.contains(.failed) || kinds.contains(.cancelled) {
            self = .failed
        } else if kinds.contains(.unreadable) {
            self = .unreadable
        } else if kinds.contains(.tooLarge) {
            self = .tooLarge
        } else if kinds.contains(.timeout) {
            self = .timeout
        } else if kinds.contains(.deferred) {
            self = .deferred
        } else {
            self = .none
        }
    }
}
