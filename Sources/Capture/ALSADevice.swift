public import Audio
internal import CALSA
internal import CLinux
internal import Glibc

/// An open ALSA capture device. A fence: alsa-lib's pointers and constants stay in the ALSA files of this folder.
///
/// It is opened non-blocking, so that only `wait` ever waits. One thread at a time may own it.
@safe
public struct ALSADevice: ~Copyable, @unchecked Sendable {
    public let name: String
    public let format: AudioFormat
    /// Frames that the device hands over at once.
    public let periodFrameCount: Int
    /// Frames that the device's own buffer holds.
    public let bufferFrameCount: Int
    /// The sound card that it is on; nil where it is on none, as with a sound server or a file.
    public let card: SoundCard?

    private let pcm: OpaquePointer
    private let statusMemory: OpaquePointer
    private let descriptors: UnsafeMutableBufferPointer<pollfd>

    /// Opens a device and agrees on its format; it does not record before `start`.
    ///
    /// - Parameters:
    ///   - lost: the card on which the device was before; now it may have another number, and no other device will do
    ///     (CAP-6).
    ///   - cards: those present.
    /// - Throws: an error that names what was asked, what the device offers, and the option to change (CAP-1).
    public init(
        _ options: CaptureOptions,
        lostFrom lost: SoundCard? = nil,
        among cards: SoundCards = SoundCards()
    ) throws(CaptureError) {
        let handle = try ALSANegotiation.open(options, lostFrom: lost, among: cards)
        name = options.deviceName
        unsafe pcm = handle.pcm
        unsafe statusMemory = handle.status
        card = handle.card
        format = handle.agreement.format
        periodFrameCount = handle.agreement.periodFrameCount
        bufferFrameCount = handle.agreement.bufferFrameCount
        // One more, for the event that ends a wait early.
        let count = unsafe max(0, Int(snd_pcm_poll_descriptors_count(pcm)))
        unsafe descriptors = .allocate(capacity: count + 1)
        unsafe descriptors.initialize(repeating: pollfd())
    }

    deinit {
        unsafe descriptors.deallocate()
        unsafe snd_pcm_status_free(statusMemory)
        unsafe snd_pcm_close(pcm)
    }

    /// Starts recording, also after an overrun or a suspend; what the device still held is lost then.
    public func start() -> Bool {
        guard unsafe snd_pcm_prepare(pcm) >= 0 else { return false }
        return unsafe snd_pcm_start(pcm) >= 0
    }

    /// Goes on after the system slept; false where the driver can't, and `start` must.
    public func resume() -> Bool {
        unsafe snd_pcm_resume(pcm) == 0
    }

    /// Sleeps until a period waits, the device's state changes, `event` becomes readable, or `timeout` is over.
    public func wait(event: Int32, timeoutMilliseconds: Int32) {
        let count = unsafe descriptors.count - 1
        let filled = unsafe snd_pcm_poll_descriptors(pcm, descriptors.baseAddress, UInt32(count))
        let used = max(0, Int(filled))
        unsafe descriptors[used] = pollfd(fd: event, events: Int16(POLLIN), revents: 0)
        guard unsafe poll(descriptors.baseAddress, nfds_t(used + 1), timeoutMilliseconds) > 0, used > 0 else { return }
        // Lets plugins take their events back; what happened is read from the status.
        var events: UInt16 = 0
        _ = unsafe snd_pcm_poll_descriptors_revents(pcm, descriptors.baseAddress, UInt32(used), &events)
    }

    /// Reads state, waiting frames and the time at which they were true, in one call to the driver (CAP-4).
    public func status() -> DeviceStatus {
        var status = stampedStatus()
        // Without the driver's own stamp the two belong together only if nothing came between reading them.
        for _ in 0..<3 {
            guard !status.isExact else { break }
            status = stampedStatus()
        }
        return status.status
    }

    private func stampedStatus() -> (status: DeviceStatus, isExact: Bool) {
        let before = HostTime.now()
        guard unsafe snd_pcm_status(pcm, statusMemory) >= 0 else {
            let state = unsafe Self.state(snd_pcm_state(pcm))
            return (DeviceStatus(state: state, waitingFrameCount: 0, hostTime: before), true)
        }
        var stamp = snd_htimestamp_t()
        unsafe snd_pcm_status_get_htstamp(statusMemory, &stamp)
        // Without one, the moment just before the call is the best there is: the frames that waited at it can only be
        // fewer.
        let driverTime = Self.driverTime(stamp, before: before)
        let status = DeviceStatus(
            state: unsafe Self.state(snd_pcm_status_get_state(statusMemory)),
            waitingFrameCount: unsafe Int(snd_pcm_status_get_avail(statusMemory)),
            hostTime: driverTime ?? before
        )
        return (status, driverTime != nil || HostTime.now().seconds(since: before) < Self.exactSeconds)
    }

    /// What a driver says of the time; nil from those that give none, or wall-clock time.
    static func driverTime(_ stamp: snd_htimestamp_t, before: HostTime) -> HostTime? {
        let time = HostTime(nanoseconds: Int64(stamp.tv_sec) * 1_000_000_000 + Int64(stamp.tv_nsec))
        let age = before.seconds(since: time)
        return age < 1 && age > -1 ? time : nil
    }

    /// The longest that reading a status may take: less than a frame at 48 kHz.
    private static let exactSeconds = 10e-6

    /// Reads waiting frames into the start of `frames`, at most as many as fit and `frameCount`.
    public func read(into frames: inout MutableRawSpan, atMost frameCount: Int) -> DeviceRead {
        let room = min(frameCount, frames.byteCount / format.bytesPerFrame)
        let result = unsafe frames.withUnsafeMutableBytes { memory in
            unsafe snd_pcm_readi(pcm, memory.baseAddress, snd_pcm_uframes_t(room))
        }
        if result > 0 { return .frames(Int(result)) }
        if result == -Int(EAGAIN) { return .frames(0) }
        // alsa-lib's end of stream: a capture that drains and has nothing left reads as 0.
        guard result == 0, room > 0 else { return .interrupted }
        return unsafe snd_pcm_state(pcm) == SND_PCM_STATE_RUNNING ? .frames(0) : .ended
    }

    static func state(_ state: snd_pcm_state_t) -> DeviceStatus.State {
        switch state {
        case SND_PCM_STATE_RUNNING: .running
        case SND_PCM_STATE_DRAINING: .draining
        case SND_PCM_STATE_XRUN: .overrun
        case SND_PCM_STATE_SUSPENDED: .suspended
        case SND_PCM_STATE_PREPARED, SND_PCM_STATE_PAUSED: .stopped
        // OPEN and SETUP are what EBADFD looks like, and only a new open helps, as with DISCONNECTED (CAP-5).
        default: .lost
        }
    }
}

extension HostTime {
    /// The present moment on `CLOCK_MONOTONIC`.
    public static func now() -> HostTime { now(CLOCK_MONOTONIC) }

    /// How long the machine has slept since it was started, which `CLOCK_MONOTONIC` does not count; nil if this thread
    /// was held up while it looked.
    public static func secondsAsleep() -> Double? {
        let before = now(CLOCK_MONOTONIC)
        let boot = now(CLOCK_BOOTTIME)
        guard now(CLOCK_MONOTONIC).seconds(since: before) < 0.001 else { return nil }
        return boot.seconds(since: before)
    }

    private static func now(_ clock: clockid_t) -> HostTime {
        var now = timespec()
        unsafe clock_gettime(clock, &now)
        return HostTime(nanoseconds: Int64(now.tv_sec) * 1_000_000_000 + Int64(now.tv_nsec))
    }
}
