internal import Audio
internal import FrameRing

/// What stands in the ring before a piece of a track's frames: how they look, and when they were.
struct FeedPiece: Equatable {
    enum Kind: Int64 {
        case frames = 0
        /// Nothing from `hostTime` on; what follows is a new stream.
        case pause = 1
        /// There may be frames from `hostTime` on.
        case resume = 2
    }

    var kind: Kind
    /// When the first frame was captured, or played.
    var hostTime: HostTime
    var clock = FrameClock.exact
    /// Each piece has its own: a format may follow another at any piece.
    var format: AudioFormat
    var frameCount: Int64 = 0
    /// Frames that were put in before these, and did not fit (`ring_full`). They are counted as they were, whatever their
    /// format.
    var droppedFrameCount: Int64 = 0

    static let byteCount = 64
}

extension FeedPiece {
    /// Reads a piece that `store` wrote.
    init(_ bytes: RawSpan) {
        guard
            let kind = Kind(rawValue: bytes.integer(atByteOffset: 0)),
            let clock = FrameClock(rawValue: bytes.integer(atByteOffset: 16))
        else { preconditionFailure("not a piece") }
        self.init(
            kind: kind,
            hostTime: HostTime(nanoseconds: bytes.integer(atByteOffset: 8)),
            clock: clock,
            format: AudioFormat(
                sampleFormat: Self.sampleFormat(bytes.integer(atByteOffset: 24)),
                sampleRate: Int(bytes.integer(atByteOffset: 32)),
                channelCount: Int(bytes.integer(atByteOffset: 40))
            ),
            frameCount: bytes.integer(atByteOffset: 48),
            droppedFrameCount: bytes.integer(atByteOffset: 56)
        )
    }

    func store(into bytes: inout MutableRawSpan) {
        bytes.storeBytes(of: kind.rawValue, toByteOffset: 0, as: Int64.self)
        bytes.storeBytes(of: hostTime.nanoseconds, toByteOffset: 8, as: Int64.self)
        bytes.storeBytes(of: clock.rawValue, toByteOffset: 16, as: Int64.self)
        bytes.storeBytes(of: Self.number(format.sampleFormat), toByteOffset: 24, as: Int64.self)
        bytes.storeBytes(of: Int64(format.sampleRate), toByteOffset: 32, as: Int64.self)
        bytes.storeBytes(of: Int64(format.channelCount), toByteOffset: 40, as: Int64.self)
        bytes.storeBytes(of: frameCount, toByteOffset: 48, as: Int64.self)
        bytes.storeBytes(of: droppedFrameCount, toByteOffset: 56, as: Int64.self)
    }

    private static func number(_ format: SampleFormat) -> Int64 {
        switch format {
        case .s16: 0
        case .s24Packed: 1
        case .s24: 2
        case .s32: 3
        case .float: 4
        }
    }

    private static func sampleFormat(_ number: Int64) -> SampleFormat {
        switch number {
        case 0: .s16
        case 1: .s24Packed
        case 2: .s24
        case 3: .s32
        case 4: .float
        default: preconditionFailure("not a sample format")
        }
    }
}
