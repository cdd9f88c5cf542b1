import FoundationEssentials
import Logging
import OTLP
import RecordingExport
import RecordingStore
import Session
import Tracing

/// What `tapeline recover` and every start of `tapeline record` do about processes that died.
struct Recovery {
    let database: StateDatabase
    let state: ProgramState

    /// - Parameters:
    ///   - directories: where recordings are looked for that the journal does not know.
    ///   - isWanted: asked before each recording.
    /// - Returns: nil where the journal could not be read, which is logged.
    func run(
        below directories: [String],
        while isWanted: @Sendable () -> Bool = { true }
    ) async -> [SessionRecovery.Result]? {
        let recovery = SessionRecovery(
            database,
            tracer: state.tracer,
            logger: state.logger,
            exporters: exporters,
            restartSpan: restartedSpan,
            flush: { [tracer = state.tracer] in _ = await tracer.forceFlush(timeout: .seconds(10)) }
        )
        // What those processes have kept of spans is free once their recordings are recovered.
        defer { state.tracer.forceFlush() }
        do throws(StoreError) {
            return try await recovery.run(below: directories, while: isWanted)
        } catch {
            state.logger.error("what earlier processes left is not recovered: \(error)")
            return nil
        }
    }

    @Sendable private func exporters(of open: OpenRecording) -> [any RecordingExporter] {
        open.exporterURLs.compactMap(state.exporter)
    }

    /// The session's lost span, as it was. Where its line is in the spans file already, or it is kept for a collector, there is
    /// no second one; a collector cannot be asked, and gets another of the same ids where the process died right after it was
    /// taken.
    @Sendable private func restartedSpan(of open: OpenRecording) -> any Span {
        let time = Timestamp.instant(open.startedAt)
        guard let span = SpanContext(open.span), !isInFile(span), !isKept(span) else {
            return NoOpTracer().startSpan("agent_session", context: .topLevel, at: time)
        }
        var context = ServiceContext.topLevel
        context.spanContext = SpanContext(open.parent)
        return state.tracer.startSpan("agent_session", as: span.local, in: context, at: time)
    }

    private func isKept(_ span: SpanContext) -> Bool {
        do throws(StoreError) {
            return try database.keepsSpan(span.spanID.hex)
        } catch {
            state.logger.error("a span may be sent twice: \(error)")
            return false
        }
    }

    private func isInFile(_ span: SpanContext) -> Bool {
        guard case .file(let path) = state.telemetry.destination, FileManager.default.fileExists(atPath: path) else {
            return false
        }
        do {
            let lines = try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n")
            return lines.contains {
                $0.contains("\"spanId\":\"\(span.spanID.hex)\"") && $0.contains("\"name\":\"agent_session\"")
            }
        } catch {
            state.logger.error("\(path) cannot be read, a span may be written to it twice: \(error)")
            return false
        }
    }
}

extension SpanContext {
    fileprivate init?(_ headers: [String: String]) {
        guard let traceparent = headers["traceparent"] else { return nil }
        self.init(traceparent: traceparent, tracestate: headers["tracestate"])
    }

    /// The same as a span of this process.
    fileprivate var local: SpanContext {
        SpanContext(traceID: traceID, spanID: spanID, flags: flags, traceState: traceState)
    }
}
