internal import Audio
internal import FrameRing

/// Since when each channel of a track has held one sample: looks at all frames of a channel that does, and at two or three
/// of one that does not.
struct SteadyChannels {
    private struct Run {
        var bits: Int32 = 0
        /// Position of its first frame on the track, and the same without gaps.
        var firstFrame: Int64 = 0
        var firstHeardFrame: Int64 = 0
        /// It ended in the frames that were accepted last.
        var hasEnded = true
    }

    /// How far all channels were as steady as before; positions as in `Run`.
    private(set) var end: Int64 = 0
    private var heardEnd: Int64 = 0
    /// The end of all frames, gaps before it counted, and not.
    private(set) var frameEnd: Int64 = 0
    private var heardFrameEnd: Int64 = 0
    private let format: AudioFormat
    private var runs: [Run]

    init(format: AudioFormat) {
        self.format = format
        runs = Array(repeating: Run(), count: format.channelCount)
    }

    /// Takes frames at `position`, up to where the first of the runs ends. `advance` must follow.
    mutating func begin(_ frames: RawSpan, at position: Int64) {
        let frameCount = frames.byteCount / format.bytesPerFrame
        var steadyCount = frameCount
        for channel in runs.indices {
            let bits = Samples.bits(of: frames, format.sampleFormat, sample: channel)
            var count = 0
            if heardFrameEnd > 0, bits == runs[channel].bits {
                count = Samples.steadyFrameCount(of: frames, format, channel: channel)
            }
            runs[channel].hasEnded = count < frameCount
            steadyCount = min(steadyCount, count)
        }
        // A gap before the frames belongs to a run only if the run goes on behind it.
        end = steadyCount == 0 ? frameEnd : position + Int64(steadyCount)
        heardEnd = heardFrameEnd + Int64(steadyCount)
    }

    /// Takes the rest of the frames that `begin` had.
    mutating func advance(_ frames: RawSpan, at position: Int64) {
        let frameCount = frames.byteCount / format.bytesPerFrame
        frameEnd = position + Int64(frameCount)
        heardFrameEnd += Int64(frameCount)
        for channel in runs.indices where runs[channel].hasEnded {
            let last = (frameCount - 1) * format.channelCount + channel
            let count = Int64(Samples.steadyFrameCount(of: frames, format, channel: channel, fromEnd: true))
            runs[channel].bits = Samples.bits(of: frames, format.sampleFormat, sample: last)
            runs[channel].firstFrame = frameEnd - count
            runs[channel].firstHeardFrame = heardFrameEnd - count
        }
        end = frameEnd
        heardEnd = heardFrameEnd
    }

    /// The channels that have been steady up to `end` for so many frames; gaps do not count.
    func steady(for frameCount: Int64) -> (zero: UInt64, other: UInt64) {
        var zero: UInt64 = 0
        var other: UInt64 = 0
        for channel in runs.indices where heardEnd - runs[channel].firstHeardFrame >= frameCount {
            if runs[channel].bits == 0 { zero |= 1 << UInt64(channel) } else { other |= 1 << UInt64(channel) }
        }
        return (zero, other)
    }

    /// From where on all of these channels are steady.
    func firstFrame(of channels: UInt64) -> Int64 {
        var first: Int64 = 0
        for channel in runs.indices where channels >> UInt64(channel) & 1 == 1 {
            first = max(first, runs[channel].firstFrame)
        }
        return first
    }
}
