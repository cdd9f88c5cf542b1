/// What someone wants done when a session has ended, with its report.
struct SessionEndCallback: Sendable {
    let name: String
    let timeLimit: Duration
    let body: @Sendable (SessionReport) async throws -> Void
}
