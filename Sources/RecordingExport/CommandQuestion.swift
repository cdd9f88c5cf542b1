import Audio
import FoundationEssentials
import RecorderIO

/// What a program is told of a recording, as JSON.
struct CommandQuestion: Encodable {
    private let recording: SessionRecording

    init(_ recording: SessionRecording) { self.recording = recording }

    /// One object on one line.
    func json() throws -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return try encoder.encode(self) + Data("\n".utf8)
    }

    enum CodingKeys: String, CodingKey {
        case recordingID = "recording_id"
        case sessionID = "session_id"
        case traceID = "trace_id"
        case spanID = "span_id"
        case idempotencyKey = "idempotency_key"
        case path
        case container
        case mediaType = "media_type"
        case sampleFormat = "sample_format"
        case sampleRate = "sample_rate_hz"
        case channels
        case frames
        case duration = "duration_s"
        case startedAt = "started_at"
        case sha256
        case bytes
    }

    func encode(to encoder: any Encoder) throws {
        var object = encoder.container(keyedBy: CodingKeys.self)
        try object.encode(recording.recordingID, forKey: .recordingID)
        try object.encode(recording.sessionID, forKey: .sessionID)
        try object.encodeIfPresent(recording.traceID, forKey: .traceID)
        try object.encodeIfPresent(recording.spanID, forKey: .spanID)
        try object.encode(recording.idempotencyKey, forKey: .idempotencyKey)
        guard let file = recording.file else { return }
        try object.encode(file.path, forKey: .path)
        try object.encode(file.container, forKey: .container)
        try object.encode(file.mediaType, forKey: .mediaType)
        try object.encode(file.format.sampleFormat, forKey: .sampleFormat)
        try object.encode(file.format.sampleRate, forKey: .sampleRate)
        try object.encode(file.format.channelCount, forKey: .channels)
        try object.encode(file.frameCount, forKey: .frames)
        try object.encode(file.duration.seconds, forKey: .duration)
        try object.encode(Self.rfc3339(file.startedAt), forKey: .startedAt)
        try object.encode(file.sha256, forKey: .sha256)
        try object.encode(file.byteCount, forKey: .bytes)
    }

    /// In UTC, to the millisecond.
    private static func rfc3339(_ secondsSince1970: Double) -> String {
        let style = Date.ISO8601FormatStyle(includingFractionalSeconds: true)
        return style.format(Date(timeIntervalSince1970: secondsSince1970))
    }
}
