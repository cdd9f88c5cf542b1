public import Audio

/// The file formats that a recording can be written in.
public enum Container: String, CaseIterable, Sendable, Codable {
    case wav
    case rf64
    case w64
    case flac
    case oggVorbis = "ogg-vorbis"
    case oggOpus = "ogg-opus"

    /// The usual ending of a file of this kind, without the dot.
    public var fileExtension: String {
        switch self {
        case .wav: "wav"
        case .rf64: "rf64"
        case .w64: "w64"
        case .flac: "flac"
        case .oggVorbis: "ogg"
        case .oggOpus: "opus"
        }
    }

    /// About how many bytes are written for each byte of samples, before more is known.
    var usualRatio: Double {
        switch self {
        case .wav, .rf64, .w64: 1
        case .flac: 0.6
        case .oggVorbis, .oggOpus: 0.1
        }
    }

    /// IANA media type.
    public var mediaType: String {
        switch self {
        case .wav, .rf64: "audio/wav"
        case .w64: "audio/x-w64"
        case .flac: "audio/flac"
        case .oggVorbis, .oggOpus: "audio/ogg"
        }
    }
}

extension Container {
    /// Refuses a format that files of this kind cannot hold, and names what to change.
    public func check(_ format: AudioFormat) throws(RecorderError) {
        let pcm = "--container wav, rf64 or w64"
        switch self {
        case .wav, .rf64, .w64: break
        case .flac:
            try check(format.channelCount <= 8, "\(format.channelCount) channels (at most 8)", pcm)
            try check(
                format.sampleFormat.significantBitCount <= 24,
                "\(format.sampleFormat.rawValue) without loss",
                "--format S24_LE, or \(pcm)"
            )
        case .oggVorbis:
            try check(format.sampleRate <= 192_000, "\(format.sampleRate) Hz (at most 192000)", "\(pcm), or flac")
        case .oggOpus:
            let rates = [8000, 12000, 16000, 24000, 48000]
            try check(
                rates.contains(format.sampleRate),
                "\(format.sampleRate) Hz (only 8000, 12000, 16000, 24000 and 48000)",
                "--rate 48000, or --container ogg-vorbis or flac"
            )
            try check(format.channelCount <= 8, "\(format.channelCount) channels (at most 8)", pcm)
        }
    }

    private func check(_ canHold: Bool, _ what: String, _ option: String) throws(RecorderError) {
        guard canHold else { throw .cannotHold(container: self, what: what, option: option) }
    }
}
