internal import Audio
internal import Capture
internal import FrameRing

/// The thread of an `ALSAPlayback`: writes to the device, and reports what was heard from what the device says.
///
/// It keeps all frames until they are heard, so that what a pause, or a suspend, leaves in the device is written again.
struct PlaybackLoop: ~Copyable, Sendable {
    private let deviceName: String
    private let orders: PlaybackOrders
    private var device: ALSAPlaybackDevice?
    /// What the device agreed to.
    private var agreement: (format: AudioFormat, periodFrameCount: Int, bufferFrameCount: Int)?
    private var stream: PlaybackStream?
    /// Given, and not known to be heard.
    private var held: [PlaybackOrders.Given] = []
    /// The first frame that is not with the device.
    private var nextOffset: Int64 = 0
    /// The end of the frames that were with the device at any time.
    private var takenOffset: Int64 = 0
    private var ends: [(offset: Int64, order: PlaybackOrders.Order)] = []
    private var isPaused = false
    /// When the device itself was paused.
    private var devicePausedAt: HostTime?
    /// When the first frame of a stream that has not started was written.
    private var firstWriteTime = HostTime(nanoseconds: 0)

    /// A stream starts when this much is with the device, or after this time, so that pieces that come one by one do not
    /// underrun at once.
    private static let startSeconds = 0.05
    /// Twice a second is due (`AudioSink.reportPlayback`).
    private static let longestSleepSeconds = 0.2

    init(deviceName: String, orders: PlaybackOrders) {
        self.deviceName = deviceName
        self.orders = orders
    }

    /// Runs until the sink is gone.
    consuming func run() {
        while true {
            let news = orders.takeNews()
            if news.isClosed { return }
            accept(news)
            observe()
            play()
            finish()
            orders.wakeup.wait(timeout: sleep)
        }
    }

    // MARK: What is wanted

    private mutating func accept(_ news: consuming PlaybackOrders.News) {
        held += news.given
        ends += news.ends
        if let offset = news.interruptedOffset { interrupt(before: offset) }
        for order in news.interrupts { order.complete(.done) }
        if news.isPaused != isPaused { setPaused(news.isPaused) }
        for order in news.pauses { order.complete(.done) }
    }

    private mutating func interrupt(before offset: Int64) {
        observe()
        device?.drop()
        stream = nil
        devicePausedAt = nil
        held.removeAll { $0.offset < offset }
        nextOffset = max(nextOffset, offset)
        takenOffset = nextOffset
    }

    private mutating func setPaused(_ isPaused: Bool) {
        self.isPaused = isPaused
        observe()
        let now = HostTime.now()
        if isPaused {
            guard stream?.startTime != nil else { return }
            if device?.setPaused(true) == true { devicePausedAt = now } else { stop() }
        } else if let pausedAt = devicePausedAt {
            devicePausedAt = nil
            if device?.setPaused(false) == true { stream?.resume(at: now, pausedAt: pausedAt) } else { stop() }
        }
    }

    /// Empties the device; what was not heard is written again later.
    private mutating func stop() {
        device?.drop()
        if let stream { nextOffset = stream.heardEnd }
        stream = nil
    }

    // MARK: What is heard

    private mutating func observe() {
        guard stream?.startTime != nil, devicePausedAt == nil, let status = device?.status() else { return }
        switch status.state {
        case .running, .draining: report(stream?.observe(status))
        case .overrun:
            report(stream?.runDry(by: status.hostTime))
            stream = nil
        case .suspended:
            // What was heard between the last look and the sleep is heard again, and reported once.
            device?.resume()
            stop()
        case .lost, .stopped: fail(.device(name: deviceName, call: "snd_pcm_status", reason: "it stopped playing"))
        }
    }

    private func report(_ report: PlaybackReport?) {
        if let report { orders.report(report) }
    }

    private mutating func fail(_ cause: CaptureError) {
        device = nil
        agreement = nil
        stream = nil
        held = []
        let orders = ends.map(\.order)
        ends = []
        nextOffset = self.orders.fail(PlaybackError(deviceName: deviceName, cause: cause), orders)
        takenOffset = nextOffset
    }

    // MARK: What is to be heard

    private mutating func play() {
        let heardEnd = stream?.heardEnd ?? nextOffset
        held.removeAll { $0.end <= heardEnd }
        guard !isPaused else { return }
        while let next = held.first(where: { $0.end > nextOffset }) {
            if agreement?.format != next.frames.format {
                // What is with the device is heard first.
                guard stream == nil else { break }
                guard open(next.frames.format) else { return }
            }
            guard let written = write(next) else {
                guard hasRunDry() else { return }
                continue
            }
            if written == 0 { break }
        }
        if isFinishing { writeSilence() }
        start()
    }

    /// After a write that failed: whether another may do better.
    private mutating func hasRunDry() -> Bool {
        if stream?.startTime == nil {
            fail(.device(name: deviceName, call: "snd_pcm_writei", reason: "it takes no frames"))
        } else {
            observe()
        }
        return stream == nil
    }

    private mutating func open(_ format: AudioFormat) -> Bool {
        device = nil
        do throws(CaptureError) {
            let opened = try ALSAPlaybackDevice(name: deviceName, format: format)
            agreement = (opened.format, opened.periodFrameCount, opened.bufferFrameCount)
            device = consume opened
            return true
        } catch {
            fail(error)
            return false
        }
    }

    /// Returns how many frames the device took; nil where something else has happened.
    private mutating func write(_ next: PlaybackOrders.Given) -> Int? {
        if stream == nil {
            guard device?.prepare() == true else { return nil }
            stream = PlaybackStream(offset: nextOffset, sampleRate: next.frames.format.sampleRate)
            firstWriteTime = .now()
        }
        var written: Int?
        let first = Int(nextOffset - next.offset)
        next.frames.withBytes(ofFrames: first..<next.frames.frameCount) { written = device?.write($0) }
        guard let written, written > 0 else { return written }
        stream?.write(written)
        nextOffset += Int64(written)
        let newCount = min(Int64(written), nextOffset - takenOffset)
        if newCount > 0 {
            takenOffset = nextOffset
            orders.tookFrames(next.frames, Int(newCount))
        }
        return written
    }

    /// Whether the stream is to end with what it has: a segment ends, or another format follows.
    private var isFinishing: Bool {
        guard stream != nil, !isPaused else { return false }
        guard let next = held.first(where: { $0.end > nextOffset }) else { return !ends.isEmpty }
        return next.frames.format != agreement?.format
    }

    /// A period of silence, so that the end does not run into what the device played before.
    private mutating func writeSilence() {
        guard let period = agreement?.periodFrameCount, let stream else { return }
        let missing = period - Int(stream.silentFrameCount)
        guard missing > 0, let written = device?.writeSilence(missing) else { return }
        self.stream?.writeSilence(written)
    }

    private mutating func start() {
        guard let stream, stream.startTime == nil, stream.frameCount > 0, let agreement else { return }
        let startFrameCount = Int64(Self.startSeconds * Double(agreement.format.sampleRate))
        let isDue =
            isFinishing || stream.frameCount >= min(startFrameCount, Int64(agreement.bufferFrameCount))
            || HostTime.now().seconds(since: firstWriteTime) >= Self.startSeconds
        guard isDue else { return }
        self.stream?.start(at: .now())
        if device?.start() != true {
            fail(.device(name: deviceName, call: "snd_pcm_start", reason: "it did not start"))
        }
    }

    /// Ends the stream where all of it has been heard, and answers those who wait for that.
    private mutating func finish() {
        if isFinishing, stream?.isHeard == true {
            device?.drop()
            stream = nil
        }
        let heardEnd = stream?.heardEnd ?? nextOffset
        for end in ends where end.offset <= heardEnd { end.order.complete(.done) }
        ends.removeAll { $0.offset <= heardEnd }
    }

    private var sleep: Duration {
        guard !isPaused, stream != nil || !held.isEmpty else { return .seconds(3600) }
        guard let stream, stream.startTime != nil else { return .seconds(Self.startSeconds) }
        var longest = Self.longestSleepSeconds
        if let agreement {
            longest = min(longest, Double(agreement.bufferFrameCount) / Double(4 * agreement.format.sampleRate))
        }
        return .seconds(max(0.001, isFinishing ? min(stream.secondsLeft(at: .now()), longest) : longest))
    }
}
