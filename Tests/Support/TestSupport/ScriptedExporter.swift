import Dispatch
public import RecordingExport
import Synchronization

/// An exporter that does what a test says.
public struct ScriptedExporter: RecordingExporter {
    public var name: String
    public var timeLimit: Duration
    public var body: @Sendable (SessionRecording) async throws -> RecordingExportResult?

    public init(
        name: String,
        timeLimit: Duration = .seconds(60),
        body: @escaping @Sendable (SessionRecording) async throws -> RecordingExportResult?
    ) {
        self.name = name
        self.timeLimit = timeLimit
        self.body = body
    }

    public func export(_ recording: SessionRecording) async throws -> RecordingExportResult? {
        try await body(recording)
    }
}

/// Holds who waits until it is opened, whether or not they are cancelled.
public final class Gate: Sendable {
    private let state = Mutex((isOpen: false, waiting: [CheckedContinuation<Void, Never>]()))
    private let semaphore = DispatchSemaphore(value: 0)

    public init() {}

    /// Suspends the task.
    public func wait() async {
        await withCheckedContinuation { continuation in
            let isOpen = state.withLock { state in
                if !state.isOpen { state.waiting.append(continuation) }
                return state.isOpen
            }
            if isOpen { continuation.resume() }
        }
    }

    /// Blocks the thread.
    public func block() {
        semaphore.wait()
        semaphore.signal()
    }

    public func open() {
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
public final class Journal<Value: Sendable>: Sendable {
    private let state = Mutex([Value]())

    public init() {}

    public var values: [Value] { state.withLock { $0 } }

    public func append(_ value: Value) { state.withLock { $0.append(value) } }
}
