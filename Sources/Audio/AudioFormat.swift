/// What a stream of frames looks like: a frame is one sample per channel, interleaved.
public struct AudioFormat: Hashable, Sendable, Codable {
    public var sampleFormat: SampleFormat
    /// Nominal frames per second, in Hz.
    public var sampleRate: Int
    public var channelCount: Int

    public init(sampleFormat: SampleFormat, sampleRate: Int, channelCount: Int) {
        self.sampleFormat = sampleFormat
        self.sampleRate = sampleRate
        self.channelCount = channelCount
    }

    /// Bytes that one frame takes in memory.
    public var bytesPerFrame: Int { sampleFormat.byteCount * channelCount }

    /// The time that `frameCount` frames last at the nominal rate.
    public func duration(ofFrames frameCount: Int64) -> Duration {
        let (seconds, rest) = frameCount.quotientAndRemainder(dividingBy: Int64(sampleRate))
        return .seconds(seconds) + .nanoseconds(rest * 1_000_000_000 / Int64(sampleRate))
    }
}
