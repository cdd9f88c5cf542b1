import Foundation
import RecorderIO
import RecordingExport
import TestSupport
import Testing

@Suite struct RecordingAttributesTests {
    private func merged(_ outcomes: ExportOutcome..., of recording: SessionRecording? = nil) -> RecordingAttributes {
        RecordingAttributes(merging: outcomes, of: recording ?? SessionRecording(recordingID: "r", sessionID: "s"))
    }

    private func outcome(
        url: String? = nil,
        id: String? = nil,
        path: String? = nil,
        _ attributes: [String: TraceAttributeValue] = [:]
    ) -> ExportOutcome {
        ExportOutcome(
            exporter: "x",
            outcome: .attached,
            recordingURL: url,
            recordingID: id,
            recordingPath: path,
            traceAttributes: attributes
        )
    }

    // EXP-3
    @Test func `Of custom attributes the later wins, of canonical keys the first that is not empty`() {
        let attributes = merged(
            outcome(url: "", id: "id 1", ["a": 1, "b": "x", "lk.recording_url": "custom", "empty": ""]),
            outcome(url: "https://one", id: "id 2", path: "", ["a": 2, "c": true]),
            outcome(url: "https://two", path: "/p", ["c": 0.5, "b": ""])
        )
        #expect(
            attributes.values == [
                "a": 2, "b": "x", "c": 0.5, "lk.recording_url": "https://one", "lk.recording_id": "id 1",
                "lk.recording_path": "/p",
            ]
        )
        #expect(attributes.dropped.isEmpty)
    }

    // EXP-3
    @Test func `A custom attribute of a canonical name counts only where no exporter returned the canonical one`() {
        #expect(merged(outcome(["lk.recording_id": "custom"])).values == ["lk.recording_id": "custom"])
        #expect(merged(outcome(id: "i"), outcome(["lk.recording_id": "c"])).values == ["lk.recording_id": "i"])
    }

    // SPAN-1
    @Test(arguments: [
        ("/srv/audio/talk.wav", true),
        ("see /srv/audio/talk.wav.", true),
        ("/srv/audio", true),
        ("dir=/srv/audio/other", true),
        ("file:///srv/audio/talk.wav", true),
        ("FILE://localhost/srv/audio/talk.wav", true),
        ("https://host/srv/audio/talk.wav", false),
        ("/srv/audiobooks/x", false),
        ("/mnt/srv/audio/talk.wav", false),
        ("s3://bucket/talk.wav", false),
    ])
    func `A value that names the recording's own file or folder never gets onto the span`(
        value: String,
        isDropped: Bool
    )
        throws
    {
        let workspace = try Workspace()
        var recording = try workspace.recording()
        recording.file?.path = "/srv/audio/talk.wav"
        let attributes = merged(outcome(url: value, id: value, ["note": .string(value)]), of: recording)
        #expect(
            attributes.values
                == (isDropped
                    ? [:]
                    : ["note": .string(value), "lk.recording_url": .string(value), "lk.recording_id": .string(value)])
        )
        #expect(attributes.dropped == (isDropped ? ["x: note", "x: lk.recording_url", "x: lk.recording_id"] : []))
    }

    // SPAN-1
    @Test func `A path gets onto the span where an exporter returned it as one`() throws {
        let workspace = try Workspace()
        let recording = try workspace.recording()
        let path = try #require(recording.file?.path)
        #expect(merged(outcome(path: path), of: recording).values == ["lk.recording_path": .string(path)])
    }

    // EXP-7, SPAN-1
    @Test func `A reference that may not be on the span does not count as attached`() async throws {
        let exporter = ScriptedExporter(name: "x") {
            RecordingExportResult(recordingURL: "file://\($0.file?.path ?? "")")
        }
        let workspace = try Workspace()
        let outcomes = await ExporterChain([exporter]).run(try workspace.recording())
        #expect(outcomes.map(\.outcome) == [.none])
        #expect(outcomes[0].recordingURL != nil)
    }

    // SES-10
    @Test func `An outcome as JSON has exactly the report's keys, absent where unknown`() throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let whole = ExportOutcome(
            exporter: "x",
            outcome: .tooLarge,
            recordingURL: "u",
            recordingID: "i",
            recordingPath: "p",
            error: "e",
            seconds: 0.5,
            spanError: "s",
            traceAttributes: ["a": 1]
        )
        #expect(
            String(decoding: try encoder.encode(whole), as: UTF8.self)
                == #"{"error":"e","exporter":"x","outcome":"too_large","recording_id":"i","recording_path":"p","#
                + #""recording_url":"u","seconds":0.5}"#
        )
        let bare = ExportOutcome(exporter: "x", outcome: .none)
        let json = try encoder.encode(bare)
        #expect(String(decoding: json, as: UTF8.self) == #"{"exporter":"x","outcome":"none","seconds":0}"#)
        #expect(try JSONDecoder().decode(ExportOutcome.self, from: json) == bare)
    }

    @Test func `Attribute values are plain JSON, and come back as what they were`() throws {
        let values: [String: TraceAttributeValue] = ["s": "1", "i": 1, "d": 1.5, "b": true, "big": 1e300]
        let json = try JSONEncoder().encode(values)
        #expect(try JSONDecoder().decode([String: TraceAttributeValue].self, from: json) == values)
        #expect(throws: DecodingError.self) {
            try JSONDecoder().decode(TraceAttributeValue.self, from: Data("[1]".utf8))
        }
    }
}
