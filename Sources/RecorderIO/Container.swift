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
