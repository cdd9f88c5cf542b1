internal import Audio

/// A file that is being encoded, by the library that closes its container's pages in time (REC-8).
enum EncodedFile: ~Copyable, Sendable {
    case soundFile(SoundFile)
    case vorbisFile(VorbisFile)

    /// Makes the file as `path.part`, and writes its header. A start that fails leaves no file behind (SES-3).
    init(path: String, replacing: Bool, container: Container, format: AudioFormat) throws(RecorderError) {
        if container == .oggVorbis {
            self = .vorbisFile(try VorbisFile(path: path, replacing: replacing, format: format))
        } else {
            self = .soundFile(
                try SoundFile(path: path, replacing: replacing, container: container, format: format)
            )
        }
    }

    /// Appends whole frames of the device's format.
    mutating func write(_ frames: RawSpan) throws(RecorderError) {
        // A payload that cannot be copied is changed outside, and must be back before an error goes on.
        var failure: RecorderError?
        switch consume self {
        case .soundFile(var file):
            do throws(RecorderError) { try file.write(frames) } catch { failure = error }
            self = .soundFile(file)
        case .vorbisFile(var file):
            do throws(RecorderError) { try file.write(frames) } catch { failure = error }
            self = .vorbisFile(file)
        }
        if let failure { throw failure }
    }

    /// Puts all that the encoder has given out on the disk (REC-8).
    mutating func sync() throws(RecorderError) {
        var failure: RecorderError?
        switch consume self {
        case .soundFile(var file):
            do throws(RecorderError) { try file.sync() } catch { failure = error }
            self = .soundFile(file)
        case .vorbisFile(let file):
            do throws(RecorderError) { try file.sync() } catch { failure = error }
            self = .vorbisFile(file)
        }
        if let failure { throw failure }
    }

    /// Bytes so far.
    var byteCount: Int64 {
        switch self {
        case .soundFile(let file): file.byteCount
        case .vorbisFile(let file): file.byteCount
        }
    }

    /// Why the file must end, though it holds all that was written (REC-9).
    var fullness: RecorderError? {
        switch self {
        case .soundFile(let file): file.fullness
        case .vorbisFile(let file): file.fullness
        }
    }

    /// Ends the encoded stream, syncs the file, and gives it its final name (REC-7), also after a failure: what came
    /// before it is kept (REC-9).
    ///
    /// - Returns: the frames that the file holds, and the first failure of its life.
    /// - Throws: if there is no file of the final name: another took it, or the disk failed. Without a frame it is removed;
    ///   else it keeps its `.part` name, and is repaired at the next start.
    consuming func finalize() throws(RecorderError) -> (frameCount: Int64, failure: RecorderError?) {
        switch consume self {
        case .soundFile(let file): try file.finalize()
        case .vorbisFile(let file): try file.finalize()
        }
    }
}
