import Audio
import Logging
import RecorderIO
import RecordingExport

/// What the parsers are told besides the bytes.
enum Examples {
    static let logger = Logger(label: "fuzz") { _ in SwiftLogNoOpLogHandler() }
    static let recordingID = "0b8f7a52-5a0e-4c7e-9f5d-2f1d3c4b5a69"
    static let startedAt = 1_790_000_000.25

    static let file = FinishedRecording(
        id: recordingID,
        path: "/srv/recordings/20260921T141320Z-\(recordingID)/recording.wav",
        container: .wav,
        format: AudioFormat(sampleFormat: .s16, sampleRate: 48000, channelCount: 2),
        measuredRate: 48004.8,
        frameCount: 72000,
        startedAt: startedAt,
        sha256: "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
        byteCount: 288_044,
        peakDBFS: -6.5,
        droppedFrameCount: 0,
        gaps: [Gap(firstFrame: 100, frameCount: 480, cause: .ringFull)]
    )

    static let recording = SessionRecording(
        recordingID: recordingID,
        sessionID: "session",
        traceID: "0af7651916cd43dd8448eb211c80319c",
        spanID: "b7ad6b7169203331",
        file: file
    )
}
