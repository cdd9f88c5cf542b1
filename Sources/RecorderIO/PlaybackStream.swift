internal import Audio
internal import Capture

/// One unbroken run of a playback device, from the first frame written to where it stops: what of it was heard when.
///
/// A pure value, driven by what the device says. A device without a clock, that takes all at once, is taken to play at its
/// nominal rate.
struct PlaybackStream {
    private let sampleRate: Int
    /// The first frame's place among all that were given.
    let offset: Int64
    /// Frames written, without and with the silence behind them.
    private(set) var frameCount: Int64 = 0
    private(set) var writtenFrameCount: Int64 = 0
    /// Of the frames, those that were heard and reported.
    private(set) var heardFrameCount: Int64 = 0
    /// When the device was started, pauses added.
    private(set) var startTime: HostTime?
    /// When the next frame to be heard is heard, as far as is known.
    private var nextTime = HostTime(nanoseconds: 0)
    private var isFreeRunning = false

    /// More than any device's clock is fast, in parts and in seconds.
    private static let drift = 0.002
    private static let aheadLimitSeconds = 0.005

    init(offset: Int64, sampleRate: Int) {
        self.offset = offset
        self.sampleRate = sampleRate
    }

    /// The frame after those that were written.
    var end: Int64 { offset + frameCount }

    /// The first frame that was not heard.
    var heardEnd: Int64 { offset + heardFrameCount }

    var isHeard: Bool { heardFrameCount == frameCount }

    var silentFrameCount: Int64 { writtenFrameCount - frameCount }

    mutating func write(_ count: Int) {
        frameCount += Int64(count)
        writtenFrameCount += Int64(count)
    }

    mutating func writeSilence(_ count: Int) { writtenFrameCount += Int64(count) }

    mutating func start(at hostTime: HostTime) {
        startTime = hostTime
        nextTime = hostTime
    }

    /// Goes on after a pause.
    mutating func resume(at hostTime: HostTime, pausedAt: HostTime) {
        startTime = startTime.map {
            HostTime(nanoseconds: $0.nanoseconds + hostTime.nanoseconds - pausedAt.nanoseconds)
        }
        nextTime = max(nextTime, hostTime)
    }

    /// What was heard since the last time, when the device has `status`.
    mutating func observe(_ status: DeviceStatus) -> PlaybackReport? {
        guard let startTime else { return nil }
        let elapsed = status.hostTime.seconds(since: startTime)
        var position = writtenFrameCount - Int64(status.waitingFrameCount)
        let possible = elapsed * (1 + Self.drift) + Self.aheadLimitSeconds
        if Double(position) / Double(sampleRate) > possible { isFreeRunning = true }
        if isFreeRunning { position = min(position, Int64(elapsed * Double(sampleRate))) }
        let heard = min(position, frameCount)
        guard heard > heardFrameCount else { return nil }
        let began = isFreeRunning ? startTime.advanced(byFrames: heardFrameCount, at: sampleRate) : nil
        let startedAt = began ?? status.hostTime.advanced(byFrames: heardFrameCount - position, at: sampleRate)
        let report = self.report(heard - heardFrameCount, max(startedAt, startTime))
        nextTime = report.startedAt.advanced(byFrames: report.frameCount, at: sampleRate)
        return report
    }

    /// What was heard since the last time, when the device has run dry by `hostTime`: all of it.
    mutating func runDry(by hostTime: HostTime) -> PlaybackReport? {
        let count = frameCount - heardFrameCount
        guard startTime != nil, count > 0 else { return nil }
        return report(count, min(nextTime, hostTime.advanced(byFrames: -count, at: sampleRate)))
    }

    private mutating func report(_ count: Int64, _ startedAt: HostTime) -> PlaybackReport {
        defer { heardFrameCount += count }
        return PlaybackReport(startedAt: startedAt, offset: heardEnd, frameCount: count)
    }

    /// Seconds from `now` until all frames are heard.
    func secondsLeft(at now: HostTime) -> Double {
        Double(frameCount - heardFrameCount) / Double(sampleRate) - now.seconds(since: nextTime)
    }
}
