internal import Audio
internal import RecorderIO
internal import RecordingExport
internal import Tracing

/// What a session's end writes on its span, as pure functions: computed first, set once, right before the span ends
/// (SES-4, SPAN-2).
struct SessionSpanAttributes {
    /// Of the primary upload, where there was one.
    var upload: ExportOutcome?
    var outcomes: [ExportOutcome]
    var status: RecordingStatus
    var recording: FinishedRecording?
    var exported: SessionRecording
    /// When the session ended, before any exporter ran, so that export time does not read as talk time.
    var endedAt: Double
    /// Seconds from the span's start to the recording's first frame.
    var offsetSeconds: Double?
    /// Of a recording in segments.
    var segmentCount: Int?
    /// The process that recorded it died.
    var isRecovered = false

    private var references: RecordingAttributes { RecordingAttributes(merging: outcomes, of: exported) }

    /// What was left out because it names a local path (SPAN-1).
    var dropped: [String] { references.dropped }

    var attributes: SpanAttributes {
        var attributes: [String: SpanAttribute] = [:]
        for (key, value) in references.values {
            attributes[key] = SpanAttribute(value)
        }
        attributes["tapeline.recording.status"] = .string(status.rawValue)
        attributes["tapeline.session.ended_at"] = .string(Timestamp.rfc3339(endedAt))
        if isRecovered { attributes["tapeline.recording.recovered"] = .bool(true) }
        guard let recording else { return SpanAttributes(attributes) }
        attributes["tapeline.recording.sha256"] = .string(recording.sha256)
        attributes["tapeline.recording.duration_s"] = .double(recording.durationSeconds)
        attributes["tapeline.recording.frames"] = .int64(recording.frameCount)
        attributes["tapeline.recording.started_at"] = .string(Timestamp.rfc3339(recording.startedAt))
        attributes["tapeline.recording.gap_count"] = .int64(Int64(recording.gaps.count))
        attributes["tapeline.recording.gap_frames"] = .int64(recording.gaps.reduce(0) { $0 + $1.frameCount })
        if let segmentCount { attributes["tapeline.recording.segment_count"] = .int64(Int64(segmentCount)) }
        if let offsetSeconds { attributes["tapeline.recording.offset_s"] = .double(offsetSeconds) }
        return SpanAttributes(attributes)
    }

    /// One for each gap, one for the primary upload, one for each exporter. No local path: an exporter's error says what, not where (SPAN-1).
    var events: [SpanEvent] {
        let gaps = (recording?.gaps ?? []).map { gap in
            SpanEvent(
                name: "tapeline.gap",
                attributes: SpanAttributes([
                    "first_frame": .int64(gap.firstFrame), "frames": .int64(gap.frameCount),
                    "cause": .string(gap.cause.rawValue),
                ])
            )
        }
        return gaps + (upload.map { [Self.event("tapeline.upload", by: "uploader", $0)] } ?? [])
            + outcomes.map { Self.event("tapeline.export", by: "exporter", $0) }
    }

    private static func event(_ name: String, by role: String, _ outcome: ExportOutcome) -> SpanEvent {
        var attributes: [String: SpanAttribute] = [
            role: .string(outcome.exporter), "outcome": .string(outcome.outcome.rawValue),
            "seconds": .double(outcome.seconds),
        ]
        if let error = outcome.spanError { attributes["error"] = .string(error) }
        return SpanEvent(name: name, attributes: SpanAttributes(attributes))
    }
}

extension SpanAttribute {
    init(_ value: TraceAttributeValue) {
        switch value {
        case .string(let text): self = .string(text)
        case .int(let number): self = .int64(number)
        case .double(let number): self = .double(number)
        case .bool(let flag): self = .bool(flag)
        }
    }
}
