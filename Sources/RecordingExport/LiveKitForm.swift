import Audio
import FoundationEssentials
import HTTP
import Messages
import RecorderIO
import SwiftProtobuf

/// What an upload to LiveKit consists of.
struct LiveKitForm {
    let form: MultipartForm
    /// The recording that goes along; nil for none.
    let audio: FinishedRecording?

    init(_ header: Livekit_RecordingHeader, transcript: [UInt8]?, audio: FinishedRecording?) throws {
        var parts = [
            MultipartForm.Part(
                name: "header",
                fileName: "header.binpb",
                mediaType: "application/protobuf",
                content: .bytes(try header.serializedBytes())
            )
        ]
        if let transcript {
            parts.append(
                MultipartForm.Part(
                    name: "chat_history",
                    fileName: "chat_history.json",
                    mediaType: "application/json",
                    content: .bytes(transcript)
                )
            )
        }
        if let audio {
            let count = audio.byteCount
            parts.append(
                MultipartForm.Part(
                    name: "audio",
                    fileName: "recording.ogg",
                    mediaType: "audio/ogg",
                    content: .file(path: audio.path, range: 0..<count, fileByteCount: count)
                )
            )
        }
        form = MultipartForm(parts)
        self.audio = audio
    }

    /// Looks at what is sent; nil where there is no audio in it.
    var makeInspector: (() -> any HTTPBodyInspector)? {
        guard let audio, let range = form.ranges["audio"] else { return nil }
        return { PartInspector(range: range, sha256: audio.sha256) }
    }
}

extension Livekit_RecordingHeader {
    /// Times are in whole milliseconds, as in LiveKit Agents; without audio they are the session's.
    init(_ upload: SessionUpload, roomID: String, isSimulated: Bool, isRedactionEnabled: Bool) {
        let file = upload.recording.file
        let start = Int64((file?.startedAt ?? upload.startedAt) * 1000)
        let length =
            file.map { $0.frameCount * 1000 / Int64($0.format.sampleRate) }
            ?? Int64((upload.endedAt - upload.startedAt) * 1000)
        self.init()
        self.roomID = roomID
        duration = UInt64(max(length, 0))
        startTime = Google_Protobuf_Timestamp(seconds: start / 1000, nanos: Int32(start % 1000) * 1_000_000)
        jobID = upload.jobID ?? ""
        simulated = isSimulated
        redactionEnabled = isRedactionEnabled
    }
}
