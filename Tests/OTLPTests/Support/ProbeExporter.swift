import HTTP
import Messages
import Synchronization

@testable import OTLP

/// Keeps what it is given; holds its first export back until `gate` opens, and fails where it is told to.
final class ProbeExporter: SpanExporter {
    struct Refused: Error {}

    let hasStarted = Promise<Bool>()
    let gate = Promise<Bool>()
    /// The first export, that is.
    let hasEnded = Promise<Bool>()
    private let failingNames: Set<String>
    private let state = Mutex(State())

    private struct State {
        var batches: [SpanBatch] = []
        var shutdownCount = 0
        var runningCount = 0
        var hasOverlapped = false
    }

    init(isOpen: Bool = true, failingFor names: Set<String> = []) {
        failingNames = names
        if isOpen { gate.fulfil(true) }
    }

    var batches: [SpanBatch] { state.withLock { $0.batches } }
    var spans: [FinishedSpan] { batches.flatMap(\.spans) }
    var shutdownCount: Int { state.withLock { $0.shutdownCount } }
    var hasOverlapped: Bool { state.withLock { $0.hasOverlapped } }

    func export(_ batch: SpanBatch) async throws {
        state.withLock {
            $0.runningCount += 1
            if $0.runningCount > 1 { $0.hasOverlapped = true }
        }
        defer { state.withLock { $0.runningCount -= 1 } }
        hasStarted.fulfil(true)
        _ = await gate.value(within: nil, on: ContinuousClock())
        if batch.spans.contains(where: { failingNames.contains($0.name) }) { throw Refused() }
        state.withLock { $0.batches.append(batch) }
        hasEnded.fulfil(true)
    }

    func shutdown() async {
        state.withLock { $0.shutdownCount += 1 }
    }
}

/// Exports for ever, until it is cancelled.
final class HangingExporter: SpanExporter {
    struct Cancelled: Error {}

    let hasStarted = Promise<Bool>()
    let isShutDown = Promise<Bool>()
    private let count = Mutex(0)

    var exportCount: Int { count.withLock { $0 } }

    func export(_ batch: SpanBatch) async throws {
        count.withLock { $0 += 1 }
        hasStarted.fulfil(true)
        let cancellation = Promise<Bool>()
        _ = await withTaskCancellationHandler {
            await cancellation.value(within: nil, on: ContinuousClock())
        } onCancel: {
            cancellation.fulfil(true)
        }
        throw Cancelled()
    }

    func shutdown() async { isShutDown.fulfil(true) }
}

/// Keeps the names of the spans of each request; holds its first export back until `gate` opens, and refuses where it is
/// told to.
final class ProbeRequestExporter: RequestExporter {
    let hasStarted = Promise<Bool>()
    let gate = Promise<Bool>()
    /// The first export, that is.
    let hasEnded = Promise<Bool>()
    private let refusedNames: Set<String>
    private let status: Int
    private let taken = Mutex<[[String]]>([])

    init(isOpen: Bool = true, refusing names: Set<String> = [], with status: Int = 400) {
        refusedNames = names
        self.status = status
        if isOpen { gate.fulfil(true) }
    }

    var requests: [[String]] { taken.withLock { $0 } }

    func export(_ batch: SpanBatch) async throws { try await export(ExportRequest(batch)) }

    func export(_ spans: ExportRequest) async throws {
        hasStarted.fulfil(true)
        _ = await gate.value(within: nil, on: ContinuousClock())
        guard refusedNames.isDisjoint(with: spans.names) else {
            let url = try HTTPURL("http://127.0.0.1:4318/v1/traces")
            let response = HTTPResponse(status: status, headers: [], body: [], isBodyComplete: true, url: url)
            throw OTLPExportError(refusedBy: OTLPAnswer(response))
        }
        taken.withLock { $0.append(spans.names) }
        hasEnded.fulfil(true)
    }
}

extension HangingExporter: RequestExporter {
    func export(_ spans: ExportRequest) async throws {
        try await export(SpanBatch(resource: .test, scope: .test, spans: []))
    }
}

extension ExportRequest {
    /// Of all spans, in order.
    var names: [String] { spans.map(\.name) }
}
