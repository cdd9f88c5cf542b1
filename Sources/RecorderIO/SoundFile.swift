internal import Audio
internal import CSndFile
internal import FrameRing

/// A sound file that is being written, by libsndfile. A fence: the only file that imports it.
///
/// Lossless containers at the device's own format take the device's bytes as they are (CAP-2).
@safe
struct SoundFile: ~Copyable, @unchecked Sendable {
    let container: Container
    let format: AudioFormat
    /// Frames written so far.
    private(set) var frameCount: Int64 = 0

    private let file: OpaquePointer
    private let output: EncodedBytes
    private let input: Input
    private var words: ByteBuffer
    /// Where the samples of a WAV file start, as libsndfile sees it.
    private let dataOffset: Int64
    private let isReplacing: Bool

    /// In which form libsndfile takes the frames.
    private enum Input {
        /// The file's own bytes.
        case raw
        /// The low three bytes of each word.
        case packed24
        case shorts
        case integers
        /// 24 bits in the upper three bytes of a word.
        case widened24
        case floats
    }

    /// Frames that are converted at once.
    private static let piece = 4096

    /// Makes the file as `path.part`, and writes its header. A start that fails leaves no file behind (SES-3).
    init(path: String, replacing: Bool, container: Container, format: AudioFormat) throws(RecorderError) {
        let opened = try Self.open(path: path, replacing: replacing, container: container, format: format)
        unsafe file = opened.file
        output = opened.output
        isReplacing = replacing
        self.container = container
        self.format = format
        input = Self.input(container, format.sampleFormat)
        words = ByteBuffer(byteCount: Self.piece * format.channelCount * 4)
        dataOffset = output.position
    }

    @safe
    private struct Opened {
        let file: OpaquePointer
        let output: EncodedBytes
    }

    private static func open(
        path: String,
        replacing: Bool,
        container: Container,
        format: AudioFormat
    ) throws(RecorderError) -> Opened {
        let output = try EncodedBytes(
            try PartFile(finalPath: path, replacing: replacing),
            hasEnvelope: container == .wav
        )
        var info = SF_INFO()
        info.samplerate = Int32(format.sampleRate)
        info.channels = Int32(format.channelCount)
        info.format = code(container, format.sampleFormat)
        var callbacks = virtualIO
        let opened = unsafe sf_open_virtual(
            &callbacks,
            Int32(SFM_WRITE),
            &info,
            Unmanaged.passUnretained(output).toOpaque()
        )
        guard let file = unsafe opened else {
            output.discard()
            throw .encoder(reason: unsafe String(cString: sf_strerror(nil)))
        }
        // No PEAK chunk: what is in it is only known at the end, and it would be wrong after a power cut.
        unsafe command(file, SFC_SET_ADD_PEAK_CHUNK, Int32(SF_FALSE))
        // Header updates on demand only; the automatic ones corrupt Ogg (REC-8).
        unsafe command(file, SFC_SET_UPDATE_HEADER_AUTO, Int32(SF_FALSE))
        if container == .oggOpus {
            var pageLatency = 200.0
            let size = Int32(MemoryLayout<Double>.size)
            unsafe sf_command(file, Int32(SFC_SET_OGG_PAGE_LATENCY_MS), &pageLatency, size)
        }
        if container.isPCM { unsafe command(file, SFC_UPDATE_HEADER_NOW) }
        return unsafe Opened(file: file, output: output)
    }

    private static func command(_ file: OpaquePointer, _ code: Int, _ argument: Int32 = 0) {
        _ = unsafe sf_command(file, Int32(code), nil, argument)
    }

    deinit {
        // `finalize` ends in this call, too.
        unsafe sf_close(file)
    }

    /// Appends whole frames of the device's format.
    mutating func write(_ frames: RawSpan) throws(RecorderError) {
        let bytesPerFrame = format.bytesPerFrame
        let count = frames.byteCount / bytesPerFrame
        switch input {
        case .raw:
            let written = unsafe frames.withUnsafeBytes {
                unsafe sf_write_raw(file, $0.baseAddress, sf_count_t($0.count))
            }
            try check(written == frames.byteCount)
        case .shorts, .integers, .floats:
            let written = writeTyped(frames, sf_count_t(count))
            try check(written == count)
        case .widened24, .packed24:
            var done = 0
            while done < count {
                let step = min(Self.piece, count - done)
                try writeConverted(frames.extracting(done * bytesPerFrame..<(done + step) * bytesPerFrame))
                done += step
            }
        }
        frameCount += Int64(count)
        if let failure = output.failure { throw failure }
    }

    private func writeTyped(_ frames: RawSpan, _ count: sf_count_t) -> sf_count_t {
        unsafe frames.withUnsafeBytes { memory in
            switch input {
            case .shorts:
                unsafe sf_writef_short(file, memory.assumingMemoryBound(to: Int16.self).baseAddress, count)
            case .floats:
                unsafe sf_writef_float(file, memory.assumingMemoryBound(to: Float.self).baseAddress, count)
            default:
                unsafe sf_writef_int(file, memory.assumingMemoryBound(to: Int32.self).baseAddress, count)
            }
        }
    }

    private mutating func writeConverted(_ frames: RawSpan) throws(RecorderError) {
        let format = format.sampleFormat
        let isPacked = input == .packed24
        let byteCount = words.withMutableBytes { words in
            isPacked ? Samples.pack24(frames, into: &words) : Samples.widen24(frames, format, into: &words)
        }
        let file = unsafe file
        let channelCount = self.format.channelCount
        let isWritten = words.withBytes(byteCount) { converted in
            unsafe converted.withUnsafeBytes { memory in
                if isPacked {
                    return unsafe sf_write_raw(file, memory.baseAddress, sf_count_t(byteCount)) == byteCount
                }
                let count = sf_count_t(byteCount / 4 / channelCount)
                let start = unsafe memory.assumingMemoryBound(to: Int32.self).baseAddress
                return unsafe sf_writef_int(file, start, count) == count
            }
        }
        try check(isWritten)
    }

    /// Puts all that the encoder has given out on the disk; the header too, where that is safe (REC-8).
    mutating func sync() throws(RecorderError) {
        output.flush()
        if container == .wav {
            // All that changes in its header: libsndfile would write the rest anew, too (PERF-1).
            try writeEnvelope()
        } else if container.isPCM {
            unsafe Self.command(file, SFC_UPDATE_HEADER_NOW)
        }
        try output.sync()
    }

    /// Bytes so far.
    var byteCount: Int64 { output.byteCount }

    /// Why the file must end, though it holds all that was written (REC-9).
    var fullness: RecorderError? { output.fullness }

    /// Ends the encoded stream, syncs the file, and gives it its final name (REC-7), also after a failure: what came
    /// before it is kept (REC-9).
    ///
    /// - Returns: the frames that the file holds, and the first failure of its life.
    /// - Throws: if there is no file of the final name: another took it, or the disk failed. Without a frame it is removed;
    ///   else it keeps its `.part` name, and is repaired at the next start.
    consuming func finalize() throws(RecorderError) -> (frameCount: Int64, failure: RecorderError?) {
        let output = output
        let isReplacing = isReplacing
        let dataOffset = dataOffset
        let bytesPerFrame = Self.fileBytesPerFrame(format)
        let container = container
        var frameCount = frameCount
        output.flush()
        if output.failure != nil, container.isPCM {
            // Only whole frames count; libsndfile then takes the length from the file.
            frameCount = min(frameCount, max(0, output.byteCount - dataOffset) / Int64(bytesPerFrame))
            if frameCount > 0 { try output.truncate(to: dataOffset + frameCount * Int64(bytesPerFrame)) }
        }
        // The encoder's last bytes, and the header, are written by `deinit`.
        _ = consume self
        output.flush()
        if let failure = output.failure {
            if frameCount == 0 { output.discard() }
            // Where the encoder's stream broke off, only a repair finds its last whole block or page.
            guard container.isPCM, frameCount > 0 else { throw failure }
        }
        if container == .wav {
            try output.writeEnvelope(dataOffset: dataOffset, frameCount: frameCount, bytesPerFrame: bytesPerFrame)
        } else if container == .rf64, output.failure != nil {
            // libsndfile counts what it was given there, not what the file took.
            try output.writeSizes64(frameCount: frameCount, bytesPerFrame: bytesPerFrame)
        }
        try output.finalize(replacing: isReplacing)
        return (frameCount, output.failure ?? output.suspicion ?? output.fullness)
    }

    private func writeEnvelope() throws(RecorderError) {
        try output.writeEnvelope(
            dataOffset: dataOffset,
            frameCount: frameCount,
            bytesPerFrame: Self.fileBytesPerFrame(format)
        )
    }

    private func check(_ isWritten: Bool) throws(RecorderError) {
        if let failure = output.failure { throw failure }
        guard isWritten else { throw .encoder(reason: unsafe String(cString: sf_strerror(file))) }
    }

    // MARK: libsndfile's constants

    private static func input(_ container: Container, _ format: SampleFormat) -> Input {
        switch (container, format) {
        case (.wav, .s24), (.rf64, .s24), (.w64, .s24): .packed24
        // libsndfile 1.2 writes a PEAK chunk into RF64 whatever it is told; what it says is true only of floats that
        // libsndfile has seen as such.
        case (.rf64, .float): .floats
        case (.wav, _), (.rf64, _), (.w64, _): .raw
        case (_, .s16): .shorts
        case (_, .s24), (_, .s24Packed): .widened24
        case (_, .s32): .integers
        case (_, .float): .floats
        }
    }

    /// Bytes that a frame takes in a PCM container.
    private static func fileBytesPerFrame(_ format: AudioFormat) -> Int {
        format.channelCount * format.sampleFormat.significantBitCount / 8
    }

    private static func code(_ container: Container, _ format: SampleFormat) -> Int32 {
        let pcm =
            switch format {
            case .s16: SF_FORMAT_PCM_16
            case .s24, .s24Packed: SF_FORMAT_PCM_24
            case .s32: SF_FORMAT_PCM_32
            case .float: SF_FORMAT_FLOAT
            }
        return switch container {
        case .wav: Int32(SF_FORMAT_WAV | pcm)
        case .rf64: Int32(SF_FORMAT_RF64 | pcm)
        case .w64: Int32(SF_FORMAT_W64 | pcm)
        case .flac: Int32(SF_FORMAT_FLAC | pcm)
        case .oggVorbis: Int32(SF_FORMAT_OGG | SF_FORMAT_VORBIS)
        case .oggOpus: Int32(SF_FORMAT_OGG | SF_FORMAT_OPUS)
        }
    }

    private static var virtualIO: SF_VIRTUAL_IO {
        unsafe SF_VIRTUAL_IO(
            get_filelen: { unsafe encodedBytes($0)?.byteCount ?? -1 },
            seek: { offset, whence, user in
                guard let bytes = unsafe encodedBytes(user) else { return -1 }
                switch whence {
                case SEEK_SET: bytes.position = offset
                case SEEK_CUR: bytes.position += offset
                default: bytes.position = bytes.byteCount + offset
                }
                return bytes.position
            },
            read: { target, count, user in
                guard let bytes = unsafe encodedBytes(user) else { return 0 }
                let memory = unsafe UnsafeMutableRawBufferPointer(start: target, count: Int(count))
                var span = unsafe memory.mutableBytes
                return sf_count_t(bytes.read(into: &span))
            },
            write: { source, count, user in
                guard let bytes = unsafe encodedBytes(user) else { return 0 }
                bytes.write(unsafe UnsafeRawBufferPointer(start: source, count: Int(count)).bytes)
                return count
            },
            tell: { unsafe encodedBytes($0)?.position ?? -1 }
        )
    }
}

private func encodedBytes(_ user: UnsafeMutableRawPointer?) -> EncodedBytes? {
    guard let user = unsafe user else { return nil }
    return unsafe Unmanaged<EncodedBytes>.fromOpaque(user).takeUnretainedValue()
}

extension Container {
    /// True where samples follow one header, which may be written anew while recording.
    fileprivate var isPCM: Bool {
        switch self {
        case .wav, .rf64, .w64: true
        case .flac, .oggVorbis, .oggOpus: false
        }
    }
}
