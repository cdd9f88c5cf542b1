import Audio
import FoundationEssentials

@testable import RecorderIO

/// Encodes samples from memory, in pieces as the recorder has them.
struct EncoderMeasure {
    private struct Refusal: Error {
        var reason: String
    }

    private let container: Container
    private let format: AudioFormat
    private let repeatCount: Int
    private let samples: Data
    private let path: String

    private static let pieceByteCount = 1 << 19

    /// - Parameter words: the command line.
    init(_ words: [String]) throws {
        guard
            let container = Container(rawValue: words[1]), let sampleFormat = SampleFormat(rawValue: words[2]),
            let rate = Int(words[3]), let channelCount = Int(words[4]), let repeatCount = Int(words[5])
        else { throw Refusal(reason: "not understood: \(words)") }
        self.container = container
        self.format = AudioFormat(sampleFormat: sampleFormat, sampleRate: rate, channelCount: channelCount)
        self.repeatCount = repeatCount
        samples = try Data(contentsOf: URL(fileURLWithPath: words[6]))
        path = words[7]
    }

    /// The encoder alone (PERF-3).
    func encode() throws {
        var file = try EncodedFile(path: path, replacing: true, container: container, format: format)
        try forEachPiece { piece throws(RecorderError) in try file.write(piece) }
        let end = try file.finalize()
        if let failure = end.failure { throw failure }
    }

    /// All that the recorder does with frames: their peak, the encoder, the digest.
    func record() throws {
        var file = try RecordingFile(
            path: path,
            recordingID: "measure",
            container: container,
            format: format,
            replacing: true,
            firstFrame: 0
        )
        try forEachPiece { piece throws(RecorderError) in _ = try file.write(piece) }
        let outcome = file.finalize(RecordingFile.Circumstances(trackStartWallTime: 0, conditions: ([], 0)))
        if let error = outcome.error { throw error }
    }

    private func forEachPiece(_ body: (RawSpan) throws(RecorderError) -> Void) throws(RecorderError) {
        let pieceByteCount = Self.pieceByteCount / format.bytesPerFrame * format.bytesPerFrame
        let bytes = samples.bytes
        for _ in 0..<repeatCount {
            var done = 0
            while done < bytes.byteCount {
                let end = min(done + pieceByteCount, bytes.byteCount)
                try body(bytes.extracting(done..<end))
                done = end
            }
        }
    }
}
