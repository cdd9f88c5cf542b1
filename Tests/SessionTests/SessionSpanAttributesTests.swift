import Audio
import RecorderIO
import RecordingExport
import Testing
import Tracing

@testable import Session

@Suite struct SessionSpanAttributesTests {
    private let file = FinishedRecording(
        id: "r",
        path: "/srv/talks/a.wav",
        container: .wav,
        format: AudioFormat(sampleFormat: .s16, sampleRate: 48000, channelCount: 1),
        measuredRate: nil,
        frameCount: 72000,
        startedAt: 1_750_000_000.25,
        sha256: "ab",
        byteCount: 1,
        peakDBFS: nil,
        droppedFrameCount: 0,
        gaps: [
            Gap(firstFrame: 10, frameCount: 480, cause: .xrun),
            Gap(firstFrame: 900, frameCount: 20, cause: .unreported),
        ]
    )

    private func attributes(_ outcomes: [ExportOutcome], of file: FinishedRecording?) -> SessionSpanAttributes {
        SessionSpanAttributes(
            outcomes: outcomes,
            status: .attached,
            recording: file,
            exported: SessionRecording(recordingID: "r", sessionID: "s", file: file),
            endedAt: 1_750_000_060,
            offsetSeconds: file == nil ? nil : 0.125
        )
    }

    private func strings(_ attributes: SpanAttributes) -> [String: String] {
        var strings: [String: String] = [:]
        attributes.forEach { key, value in
            switch value {
            case .string(let text): strings[key] = text
            case .int64(let number): strings[key] = "\(number)"
            case .double(let number): strings[key] = "\(number)"
            default: strings[key] = "of another type"
            }
        }
        return strings
    }

    // SPAN-1, SPAN-2
    @Test func `A recording's attributes are exactly these`() {
        let outcome = ExportOutcome(exporter: "a", outcome: .attached, recordingURL: "https://x/y", recordingID: "i")
        #expect(
            strings(attributes([outcome], of: file).attributes) == [
                "lk.recording_url": "https://x/y", "lk.recording_id": "i",
                "tapeline.recording.status": "attached", "tapeline.session.ended_at": "2025-06-15T15:07:40.000Z",
                "tapeline.recording.sha256": "ab", "tapeline.recording.duration_s": "1.5",
                "tapeline.recording.frames": "72000", "tapeline.recording.started_at": "2025-06-15T15:06:40.250Z",
                "tapeline.recording.gap_count": "2", "tapeline.recording.gap_frames": "500",
                "tapeline.recording.offset_s": "0.125",
            ]
        )
    }

    // SPAN-2, EXP-7
    @Test func `Without a recording there are just the status and the end`() {
        #expect(
            strings(attributes([], of: nil).attributes) == [
                "tapeline.recording.status": "attached", "tapeline.session.ended_at": "2025-06-15T15:07:40.000Z",
            ]
        )
    }

    // SPAN-1
    @Test func `A local path is on the span only where an exporter returned it as the path`() {
        let outcomes = [
            ExportOutcome(
                exporter: "a",
                outcome: .attached,
                recordingURL: "file:///srv/talks/a.wav",
                recordingID: "/srv/talks/a.wav",
                error: "cannot read /srv/talks/a.wav",
                spanError: "cannot read",
                traceAttributes: ["note": "from /srv/talks", "count": 3]
            ),
            ExportOutcome(exporter: "b", outcome: .attached, recordingPath: "/mnt/b.wav"),
        ]
        let computed = attributes(outcomes, of: file)
        let strings = strings(computed.attributes)
        #expect(strings["lk.recording_url"] == nil && strings["lk.recording_id"] == nil && strings["note"] == nil)
        #expect(strings["lk.recording_path"] == "/mnt/b.wav")
        #expect(strings["count"] == "3")
        #expect(computed.dropped == ["a: note", "a: lk.recording_url", "a: lk.recording_id"])
        let events = computed.events.map { self.strings($0.attributes) }
        #expect(!events.contains { $0.values.contains { $0.contains("/srv") } })
    }

    // SPAN-2
    @Test func `Each gap and each exporter is an event`() {
        let outcomes = [
            ExportOutcome(exporter: "a", outcome: .attached, recordingID: "i", seconds: 0.5),
            ExportOutcome(exporter: "b", outcome: .failed, error: "all", seconds: 1, spanError: "some"),
        ]
        let events = attributes(outcomes, of: file).events
        #expect(events.map(\.name) == ["tapeline.gap", "tapeline.gap", "tapeline.export", "tapeline.export"])
        #expect(
            events.map { strings($0.attributes) } == [
                ["first_frame": "10", "frames": "480", "cause": "xrun"],
                ["first_frame": "900", "frames": "20", "cause": "unreported"],
                ["exporter": "a", "outcome": "attached", "seconds": "0.5"],
                ["exporter": "b", "outcome": "failed", "seconds": "1.0", "error": "some"],
            ]
        )
    }
}
