internal import RecordingExport
internal import Synchronization
internal import Tracing

/// Lets a session's exporters run, or ends them early: what had not delivered by then is `deferred`.
final class ExportGate: Sendable {
    private struct State {
        var isClosed = false
        var running: Task<[ExportOutcome], Never>?
    }

    private let state = Mutex(State())

    /// Runs the chain with `context` as the current one; its exporters may add spans to the session's trace.
    func run(
        _ chain: ExporterChain,
        _ recording: SessionRecording,
        in context: ServiceContext,
        deadline: ContinuousClock.Instant
    ) async -> [ExportOutcome] {
        let task = state.withLock { state -> Task<[ExportOutcome], Never>? in
            guard !state.isClosed else { return nil }
            let task = Task {
                await ServiceContext.withValue(context) { await chain.run(recording, deadline: deadline) }
            }
            state.running = task
            return task
        }
        guard let task else { return chain.exporters.map(ExportOutcome.deferred) }
        let outcomes = await task.value
        guard state.withLock({ $0.isClosed }) else { return outcomes }
        return zip(chain.exporters, outcomes).map { exporter, outcome in
            guard outcome.outcome == .cancelled else { return outcome }
            var skipped = ExportOutcome.deferred(exporter)
            skipped.seconds = outcome.seconds
            return skipped
        }
    }

    func close() {
        state.withLock { state in
            state.isClosed = true
            return state.running
        }?.cancel()
    }
}
