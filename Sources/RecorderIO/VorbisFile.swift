internal import Audio

/// An Ogg Vorbis file that is being written.
///
/// libsndfile would make the same sound of it, but closes a page only when it has 4 KB, which may be seconds; here each
/// sync closes one (REC-8).
struct VorbisFile: ~Copyable, @unchecked Sendable {
    private let stream: VorbisStream
    private let output: EncodedBytes
    private let isReplacing: Bool
    private var frameCount: Int64 = 0

    /// Makes the file as `path.part`, and writes its header. A start that fails leaves no file behind (SES-3).
    init(path: String, replacing: Bool, format: AudioFormat) throws(RecorderError) {
        let stream = try VorbisStream(format)
        output = try EncodedBytes(try PartFile(finalPath: path, replacing: replacing), hasEnvelope: false)
        isReplacing = replacing
        stream.endPage(to: output)
        self.stream = stream
    }

    /// Appends whole frames of the device's format.
    mutating func write(_ frames: RawSpan) throws(RecorderError) {
        frameCount += try stream.write(frames, to: output)
        if let failure = output.failure { throw failure }
    }

    /// Closes the page, and puts all pages on the disk.
    func sync() throws(RecorderError) {
        if stream.hasSound { stream.endPage(to: output) }
        try output.sync()
    }

    var byteCount: Int64 { output.byteCount }
    var fullness: RecorderError? { output.fullness }

    /// Ends the stream, and gives the file its final name, as `EncodedFile` says.
    consuming func finalize() throws(RecorderError) -> (frameCount: Int64, failure: RecorderError?) {
        var failure: RecorderError?
        do throws(RecorderError) { try stream.end(to: output) } catch { failure = error }
        output.flush()
        if let failure = output.failure {
            if frameCount == 0 { output.discard() }
            // Only a repair finds its last whole page.
            throw failure
        }
        try output.finalize(replacing: isReplacing)
        return (frameCount, output.suspicion ?? output.fullness ?? failure)
    }
}
