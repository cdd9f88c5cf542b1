import RecordingExport

/// A chain whose events can be waited for.
struct ObservedChain {
    let chain: ExporterChain
    let events: AsyncStream<ExporterChain.Event>

    init(_ exporters: [any RecordingExporter]) {
        let (events, continuation) = AsyncStream.makeStream(of: ExporterChain.Event.self)
        self.events = events
        chain = ExporterChain(exporters) { continuation.yield($0) }
    }

    func waitForStart(of name: String) async {
        for await case .started(name) in events { return }
    }

    func waitForLateEnd(of name: String) async {
        for await case .endedLate(name) in events { return }
    }
}

let silentRecording = SessionRecording(recordingID: "r", sessionID: "s")
