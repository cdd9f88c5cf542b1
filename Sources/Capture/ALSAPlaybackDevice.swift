public import Audio
internal import CALSA
internal import Glibc

/// An open ALSA playback device. A fence, as `ALSADevice`.
///
/// It is opened non-blocking, and no call waits. One thread at a time may own it.
@safe
public struct ALSAPlaybackDevice: ~Copyable, @unchecked Sendable {
    public let format: AudioFormat
    public let periodFrameCount: Int
    /// Frames that the device's own buffer holds.
    public let bufferFrameCount: Int

    /// Asked for beforehand: plugins that can't pause say that they did, and play on.
    private let canPause: Bool
    private let pcm: OpaquePointer
    private let statusMemory: OpaquePointer

    /// Opens a device for exactly `format`; it plays nothing before `prepare`, `write` and `start`.
    ///
    /// - Throws: an error that names what was asked, and what the device offers.
    public init(name: String, format: AudioFormat) throws(CaptureError) {
        ALSANegotiation.forgetConfiguration()
        let pcm = unsafe try ALSANegotiation.open(name, SND_PCM_STREAM_PLAYBACK)
        do throws(CaptureError) {
            let options = CaptureOptions(deviceName: name).fixed(to: format)
            let agreement = unsafe try ALSANegotiation.agree(pcm, options)
            var status: OpaquePointer?
            guard unsafe snd_pcm_status_malloc(&status) == 0, let status = unsafe status else {
                throw .system(call: "snd_pcm_status_malloc", code: ENOMEM)
            }
            unsafe self.pcm = pcm
            unsafe statusMemory = status
            self.format = agreement.format
            periodFrameCount = agreement.periodFrameCount
            bufferFrameCount = agreement.bufferFrameCount
            canPause = agreement.canPause
        } catch {
            unsafe snd_pcm_close(pcm)
            throw error
        }
    }

    deinit {
        unsafe snd_pcm_status_free(statusMemory)
        // What waits is not to be heard any more, and closing alone may wait for it.
        _ = unsafe snd_pcm_drop(pcm)
        unsafe snd_pcm_close(pcm)
    }

    /// Makes the device ready to be written to, with an empty buffer, also after an underrun or a suspend.
    public func prepare() -> Bool { unsafe snd_pcm_prepare(pcm) >= 0 }

    /// Starts playing what has been written.
    public func start() -> Bool { unsafe snd_pcm_start(pcm) >= 0 }

    /// Stops at once, and drops what was not played.
    public func drop() { _ = unsafe snd_pcm_drop(pcm) }

    /// Stops at once and keeps what was not played, or goes on; false where the device can't.
    public func setPaused(_ isPaused: Bool) -> Bool {
        guard canPause else { return false }
        return unsafe snd_pcm_pause(pcm, isPaused ? 1 : 0) == 0
    }

    /// Wakes the device after the system slept, as far as the driver can.
    public func resume() { _ = unsafe snd_pcm_resume(pcm) }

    /// Writes as many frames as there is room for, and returns their count; nil if something else has happened: look at the
    /// state.
    public func write(_ frames: RawSpan) -> Int? {
        let count = frames.byteCount / format.bytesPerFrame
        let result = unsafe frames.withUnsafeBytes { memory in
            unsafe snd_pcm_writei(pcm, memory.baseAddress, snd_pcm_uframes_t(count))
        }
        if result >= 0 { return Int(result) }
        return result == -Int(EAGAIN) ? 0 : nil
    }

    /// Writes frames of silence, as `write` does.
    public func writeSilence(_ frameCount: Int) -> Int? {
        let silence = [UInt8](repeating: 0, count: frameCount * format.bytesPerFrame)
        return write(unsafe silence.span.bytes)
    }

    /// Reads the state, the frames that were written and not yet heard, and the time at which this was true.
    public func status() -> DeviceStatus {
        let before = HostTime.now()
        guard unsafe snd_pcm_status(pcm, statusMemory) >= 0 else {
            let state = unsafe ALSADevice.state(snd_pcm_state(pcm))
            return DeviceStatus(state: state, waitingFrameCount: 0, hostTime: before)
        }
        var stamp = snd_htimestamp_t()
        unsafe snd_pcm_status_get_htstamp(statusMemory, &stamp)
        return DeviceStatus(
            state: unsafe ALSADevice.state(snd_pcm_status_get_state(statusMemory)),
            waitingFrameCount: unsafe snd_pcm_status_get_delay(statusMemory),
            hostTime: ALSADevice.driverTime(stamp, before: before) ?? before
        )
    }
}
