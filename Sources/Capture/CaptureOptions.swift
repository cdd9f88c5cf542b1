public import Audio

/// Which device to record, and how. What is nil is chosen from what the device offers.
public struct CaptureOptions: Hashable, Sendable {
    /// Any ALSA PCM name (CAP-1).
    public var deviceName: String
    public var sampleFormat: SampleFormat?
    /// In Hz, 8,000 to 384,000. Nothing is resampled: the device must offer exactly this.
    public var sampleRate: Int?
    /// 1 to 64.
    public var channelCount: Int?
    /// Taken where no other rate was asked for and the device offers it, in Hz.
    public var preferredSampleRate: Int?
    /// Taken where no other number of channels was asked for and the device offers it.
    public var preferredChannelCount: Int?
    /// Frames that the device hands over at once; about 250 ms unless given.
    public var periodFrameCount: Int?
    /// Frames that the device itself can hold; about one second unless given.
    public var bufferFrameCount: Int?

    public init(
        deviceName: String,
        sampleFormat: SampleFormat? = nil,
        sampleRate: Int? = nil,
        channelCount: Int? = nil,
        periodFrameCount: Int? = nil,
        bufferFrameCount: Int? = nil
    ) {
        self.deviceName = deviceName
        self.sampleFormat = sampleFormat
        self.sampleRate = sampleRate
        self.channelCount = channelCount
        self.periodFrameCount = periodFrameCount
        self.bufferFrameCount = bufferFrameCount
    }

    /// These options with everything fixed that `format` says: what a device that comes back must offer.
    public func fixed(to format: AudioFormat) -> CaptureOptions {
        var options = self
        options.sampleFormat = format.sampleFormat
        options.sampleRate = format.sampleRate
        options.channelCount = format.channelCount
        return options
    }
}
