/// Whole frames and what they look like: what an application takes from a microphone, or gives to a loudspeaker.
///
/// A copy shares its bytes. It may hold no frame at all.
public struct AudioFrames: Hashable, Sendable {
    public let format: AudioFormat
    /// `frameCount * format.bytesPerFrame` bytes, interleaved by frame, each sample in its format's byte order.
    public let bytes: [UInt8]
    public let frameCount: Int

    /// Takes interleaved samples as bytes.
    ///
    /// - Throws: where the bytes are not whole frames, or `format` is not 1 to 64 channels at 8,000 to 384,000 Hz.
    public init(_ bytes: [UInt8], format: AudioFormat) throws(AudioFramesError) {
        try Self.check(format)
        let (frameCount, rest) = bytes.count.quotientAndRemainder(dividingBy: format.bytesPerFrame)
        guard rest == 0 else {
            throw .notWholeFrames(count: bytes.count, unit: "bytes", perFrame: format.bytesPerFrame)
        }
        self.format = format
        self.bytes = bytes
        self.frameCount = frameCount
    }

    /// Takes 16-bit samples, interleaved by frame.
    ///
    /// - Throws: as for bytes.
    public init(_ samples: [Int16], sampleRate: Int, channelCount: Int = 1) throws(AudioFramesError) {
        let format = AudioFormat(sampleFormat: .s16, sampleRate: sampleRate, channelCount: channelCount)
        try Self.check(format, sampleCount: samples.count)
        var bytes: [UInt8] = []
        bytes.reserveCapacity(2 * samples.count)
        for sample in samples { Self.append(UInt16(bitPattern: sample), to: &bytes) }
        try self.init(bytes, format: format)
    }

    /// Takes float samples of full scale ±1.0, interleaved by frame.
    ///
    /// - Throws: as for bytes.
    public init(_ samples: [Float], sampleRate: Int, channelCount: Int = 1) throws(AudioFramesError) {
        let format = AudioFormat(sampleFormat: .float, sampleRate: sampleRate, channelCount: channelCount)
        try Self.check(format, sampleCount: samples.count)
        var bytes: [UInt8] = []
        bytes.reserveCapacity(4 * samples.count)
        for sample in samples {
            Self.append(UInt16(truncatingIfNeeded: sample.bitPattern), to: &bytes)
            Self.append(UInt16(truncatingIfNeeded: sample.bitPattern >> 16), to: &bytes)
        }
        try self.init(bytes, format: format)
    }

    /// How long the frames last at the nominal rate.
    public var duration: Duration { format.duration(ofFrames: Int64(frameCount)) }

    private static func append(_ word: UInt16, to bytes: inout [UInt8]) {
        bytes.append(UInt8(truncatingIfNeeded: word))
        bytes.append(UInt8(truncatingIfNeeded: word >> 8))
    }

    private static func check(_ format: AudioFormat, sampleCount: Int = 0) throws(AudioFramesError) {
        guard (8000...384_000).contains(format.sampleRate), (1...64).contains(format.channelCount) else {
            throw .format(format)
        }
        guard sampleCount.isMultiple(of: format.channelCount) else {
            throw .notWholeFrames(count: sampleCount, unit: "samples", perFrame: format.channelCount)
        }
    }
}

/// Frames of which the first was captured at a known moment.
public struct TimedFrames: Hashable, Sendable {
    public let frames: AudioFrames
    /// When the first frame was captured, on `CLOCK_MONOTONIC`. Never when it was handed over, and never wall time.
    public let hostTime: HostTime

    public init(_ frames: AudioFrames, hostTime: HostTime) {
        self.frames = frames
        self.hostTime = hostTime
    }
}

/// Why something is not audio. Each description is one sentence that names the fix.
public enum AudioFramesError: Error, Hashable, Sendable {
    /// A frame is cut off at the end.
    case notWholeFrames(count: Int, unit: String, perFrame: Int)
    case format(AudioFormat)
}

extension AudioFramesError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .notWholeFrames(let count, let unit, let perFrame):
            "\(count) \(unit) are not whole frames of \(perFrame) \(unit): keep the rest for the next call"
        case .format(let format):
            "\(format.channelCount) channels at \(format.sampleRate) Hz cannot be recorded: "
                + "use 1 to 64 channels at 8000 to 384000 Hz"
        }
    }
}
