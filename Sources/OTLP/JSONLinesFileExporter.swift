import Dispatch

/// Appends spans to a file as OTLP JSON, one `ExportTraceServiceRequest` per line, on disk before the export ends.
///
/// It is what the file receiver of the OpenTelemetry collector reads
/// (https://opentelemetry.io/docs/specs/otel/protocol/file-exporter/). The file is opened for each batch, so it may be
/// moved or deleted between them, and several processes may share it: each line is one write at its end. A line that an
/// earlier process left unfinished is ended first, so that it costs none but itself.
public struct JSONLinesFileExporter: RequestExporter {
    /// Where the lines go.
    public let path: String

    // The disk may take seconds, and a thread of Swift's pool must not wait for it.
    private let queue = DispatchQueue(label: "tapeline.spans-file")

    /// Creates the file, readable by its owner only, and the folders that it lies in; an existing one is appended to.
    ///
    /// - Throws: where that cannot be, so that a program knows at its start and not when the first span ends.
    public init(path: String) throws(SpansFileError) {
        self.path = path
        _ = try AppendOnlyFile.opened(at: path)
    }

    /// - Throws: ``SpansFileError``.
    public func export(_ batch: SpanBatch) async throws {
        try await export(ExportRequest(batch))
    }

    func export(_ spans: ExportRequest) async throws {
        let line = try spans.bytes(.json)
        try await queue.value { [path] in
            // The disk may have a bad moment. What it has not synced is in the file all the same.
            let file: AppendOnlyFile
            do throws(SpansFileError) {
                file = try AppendOnlyFile.opened(at: path)
            } catch {
                file = try AppendOnlyFile.opened(at: path)
            }
            do throws(SpansFileError) {
                try file.append(line: line)
            } catch {
                guard error.call != .fsync else { throw error }
                try file.append(line: line)
            }
        }
    }
}
