import Dispatch
import RecordingExport
import Synchronization

/// An exporter that does what a test says.
struct ScriptedExporter: RecordingExporter {
    var name: String
    var timeLimit: Duration = .seconds(60)
    var body: @Sendable (SessionRecording) async throws -> RecordingExportResult?

    func export(_ recording: SessionRecording) async throws -> RecordingExportResult? { try await body(recording) }
}

/// Holds who waits until it is opened, whether or not they are cancelled.
final class Gate: Sendable {
    private let state = Mutex((isOpen: false, waiting: [CheckedContinuation<Void, Never>]()))
    private let semaphore = DispatchSemaphore(value: 0)

    /// Suspends the task.
    func wait() async {
        await withCheckedContinuation { continuation in
            let isOpen = state.withLock { state in
                if !state.isOpen { state.waiting.append(continuation) }
                return state.isOpen
            }
            if isOpen { continuation.resume() }
        }
    }

    /// Blocks the thread.
    func block() {
        semaphore.wait()
        semaphore.signal()
    }

    func open() {
        semaphore.signal()
        let waiting = state.withLock { state in
            state.isOpen = true
            defer { state.waiting = [] }
            return state.waiting
        }
        for continuation in waiting { continuation.resume() }
    }
}

/// Values that come from anywhere, in order.
final class Journal<Value: Sendable>: Sendable {
    private let state = Mutex([Value]())

    var values: [Value] { state.withLock { $0 } }

    func append(_ value: Value) { state.withLock { $0.append(value) } }
}
