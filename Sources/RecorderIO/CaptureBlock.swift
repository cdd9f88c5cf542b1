internal import Audio
internal import FrameRing

/// What the capture thread tells the recorder beside the frames themselves: how many it put into the ring at once, and
/// when the device had delivered how many (CAP-4). It crosses in a ring of its own, as bytes.
struct CaptureBlock: Equatable {
    enum Kind: Int64 {
        /// Frames, and an observation of the device's clock.
        case frames = 0
        /// The device has gone.
        case lost = 1
        /// The device's source has ended; `hostTime` says nothing.
        case ended = 2
        /// Capture was told to stop at `hostTime`.
        case stopped = 3
    }

    var kind: Kind
    /// Frames that this block put into the ring.
    var frameCount: Int64 = 0
    /// Frames that the device had delivered by `hostTime`, since capture began: those read and those that waited.
    var deliveredFrameCount: Int64 = 0
    /// Counted on through any sleep of the machine since capture began.
    var hostTime: HostTime
    /// Why this block does not follow on the one before.
    var discontinuity: Gap.Cause?

    static let byteCount = 40
}

extension CaptureBlock {
    private static let causes: [Gap.Cause] = [.xrun, .suspend, .ringFull, .deviceLost]

    /// Reads a block that `store` wrote.
    init(_ bytes: RawSpan) {
        guard let kind = Kind(rawValue: bytes.integer(atByteOffset: 0)) else { preconditionFailure("not a block") }
        let cause = bytes.integer(atByteOffset: 32)
        self.init(
            kind: kind,
            frameCount: bytes.integer(atByteOffset: 8),
            deliveredFrameCount: bytes.integer(atByteOffset: 16),
            hostTime: HostTime(nanoseconds: bytes.integer(atByteOffset: 24)),
            discontinuity: cause == 0 ? nil : Self.causes[Int(cause) - 1]
        )
    }

    /// Allocates nothing: this runs on the capture thread (CAP-3).
    @_noLocks @_noAllocation
    func store(into bytes: inout MutableRawSpan) {
        bytes.storeBytes(of: kind.rawValue, toByteOffset: 0, as: Int64.self)
        bytes.storeBytes(of: frameCount, toByteOffset: 8, as: Int64.self)
        bytes.storeBytes(of: deliveredFrameCount, toByteOffset: 16, as: Int64.self)
        bytes.storeBytes(of: hostTime.nanoseconds, toByteOffset: 24, as: Int64.self)
        let cause: Int64 =
            switch discontinuity {
            case .xrun: 1
            case .suspend: 2
            case .ringFull: 3
            case .deviceLost: 4
            case .paused, .unreported, nil: 0
            }
        bytes.storeBytes(of: cause, toByteOffset: 32, as: Int64.self)
    }
}
