public import Audio
internal import CALSA
internal import Glibc

/// A device that ALSA knows by name, and what it offers.
public struct DeviceDescription: Hashable, Sendable {
    /// For `--device`.
    public var name: String
    /// What it is, in ALSA's words; may be empty.
    public var summary: String
    public var sampleFormats: [SampleFormat]
    /// Of the common rates, in Hz.
    public var sampleRates: [Int]
    public var channelCounts: [Int]
    /// Why it cannot be asked just now; then it offers nothing here.
    public var problem: String?

    /// "1 to 64", "2 and 4".
    public var channelCountsText: String { ALSANegotiation.ranges(channelCounts) }
}

/// The capture devices that ALSA lists. A fence, as `ALSADevice`.
public enum ALSADirectory {
    /// All that can be recorded from, in ALSA's order; each is opened for a moment to ask what it offers.
    public static func devices() throws(CaptureError) -> [DeviceDescription] {
        alsa_silence_messages()
        var hints: UnsafeMutablePointer<UnsafeMutableRawPointer?>?
        let code = unsafe snd_device_name_hint(-1, "pcm", &hints)
        guard code == 0, let list = unsafe hints else {
            throw .device(name: "ALSA", call: "snd_device_name_hint", reason: ALSANegotiation.reason(code))
        }
        defer { unsafe snd_device_name_free_hint(list) }
        var devices: [DeviceDescription] = []
        var next = unsafe list
        while let hint = unsafe next.pointee {
            unsafe next += 1
            guard let name = unsafe text(hint, "NAME"), unsafe text(hint, "IOID") != "Output" else { continue }
            let summary = unsafe text(hint, "DESC")?.split(separator: "\n").joined(separator: ", ") ?? ""
            devices.append(describe(name, summary))
        }
        return devices
    }

    /// Opens a device for a moment, to see whether it is there.
    ///
    /// - Throws: `noSuchDevice` where it is not, and what else keeps it from being opened. What it offers is not asked.
    public static func check(_ name: String) throws(CaptureError) {
        ALSANegotiation.forgetConfiguration()
        let pcm = unsafe try ALSANegotiation.open(name)
        unsafe snd_pcm_close(pcm)
    }

    private static func describe(_ name: String, _ summary: String) -> DeviceDescription {
        var device = DeviceDescription(
            name: name,
            summary: summary,
            sampleFormats: [],
            sampleRates: [],
            channelCounts: []
        )
        do throws(CaptureError) {
            let pcm = unsafe try ALSANegotiation.open(name)
            defer { unsafe snd_pcm_close(pcm) }
            var memory: OpaquePointer?
            guard unsafe snd_pcm_hw_params_malloc(&memory) == 0, let parameters = unsafe memory else { return device }
            defer { unsafe snd_pcm_hw_params_free(parameters) }
            guard unsafe snd_pcm_hw_params_any(pcm, parameters) >= 0 else {
                device.problem = "it offers no configuration"
                return device
            }
            device.sampleFormats = unsafe ALSANegotiation.sampleFormats(pcm, parameters)
            device.sampleRates = unsafe ALSANegotiation.rates(pcm, parameters)
            device.channelCounts = unsafe ALSANegotiation.channelCounts(pcm, parameters)
        } catch {
            device.problem = error.description
        }
        return device
    }

    private static func text(_ hint: UnsafeMutableRawPointer, _ key: String) -> String? {
        guard let value = unsafe snd_device_name_get_hint(hint, key) else { return nil }
        defer { unsafe free(value) }
        return unsafe String(cString: value)
    }
}
