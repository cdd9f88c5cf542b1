import Audio
import Foundation
import RecorderIO
import RecordingExport

/// A folder of a test's own, removed with it.
final class Workspace: Sendable {
    let path: String

    init(in parent: String = FileManager.default.temporaryDirectory.path) throws {
        path = "\(parent)/tapeline-\(UUID().uuidString.lowercased())"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    /// Bytes whose SHA-256 another program computed.
    static let content = Data((0..<3_000_001).map { UInt8(($0 * 31 + 7) % 251) })
    static let sha256 = "88f6072481ae464b10be82bfdae476ef79e6c58e7535044dbb5d93488aa8ff98"
    static let recordingID = "0b8f7a52-5a0e-4c7e-9f5d-2f1d3c4b5a69"

    /// A finalized recording in this folder.
    func recording() throws -> SessionRecording {
        let recording = recording(byteCount: Int64(Self.content.count), sha256: Self.sha256)
        try Self.content.write(to: URL(fileURLWithPath: "\(path)/talk.wav"))
        return recording
    }

    /// A finalized recording of a chosen size, mostly zeros that take no space.
    func recording(byteCount: Int64, id: String = Workspace.recordingID) throws -> SessionRecording {
        let path = "\(path)/talk.wav"
        _ = FileManager.default.createFile(atPath: path, contents: nil)
        guard let file = FileHandle(forWritingAtPath: path) else { throw CocoaError(.fileWriteUnknown) }
        try file.truncate(atOffset: UInt64(byteCount))
        for place in stride(from: Int64(0), to: byteCount - 8, by: 1_000_003) {
            try file.seek(toOffset: UInt64(place))
            try file.write(contentsOf: Data("\(place)".utf8.prefix(8)))
        }
        try file.close()
        return recording(byteCount: byteCount, sha256: try SHA256.ofFile(atPath: path).hex, id: id)
    }

    private func recording(byteCount: Int64, sha256: String, id: String = Workspace.recordingID) -> SessionRecording {
        let file = FinishedRecording(
            id: id,
            path: "\(path)/talk.wav",
            container: .wav,
            format: AudioFormat(sampleFormat: .s16, sampleRate: 48000, channelCount: 2),
            measuredRate: nil,
            frameCount: 749_989,
            startedAt: 1_750_000_000.25,
            sha256: sha256,
            byteCount: byteCount,
            peakDBFS: nil,
            droppedFrameCount: 0,
            gaps: []
        )
        return SessionRecording(
            recordingID: file.id,
            sessionID: "session-1",
            traceID: "0af7651916cd43dd8448eb211c80319c",
            spanID: "b7ad6b7169203331",
            file: file
        )
    }

    /// Writes an executable file.
    ///
    /// Another program does: a child that some other test forks just then would hold what this process writes open, and what
    /// is open for writing cannot be run.
    func program(_ text: String, named name: String = "program") throws -> String {
        let file = "\(path)/\(name)"
        try Data(text.utf8).write(to: URL(fileURLWithPath: "\(file).text"))
        try Process.run(URL(fileURLWithPath: "/bin/cp"), arguments: ["\(file).text", file]).waitUntilExit()
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: file)
        return file
    }

    /// The names in a folder, sorted, hidden ones too.
    static func names(in folder: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
    }
}

extension Workspace {
    /// A session that ended with a recording in an Ogg container, by name.
    func upload(jobID: String? = nil, transcript: String? = nil) throws -> SessionUpload {
        var recording = try recording()
        recording.file?.container = .oggOpus
        return SessionUpload(
            recording: recording,
            jobID: jobID,
            startedAt: 1_749_999_999,
            endedAt: 1_750_000_016.5,
            chatHistory: transcript.map { Array($0.utf8) }
        )
    }
}
