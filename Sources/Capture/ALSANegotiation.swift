internal import Audio
internal import CALSA
internal import Glibc

/// Opening a device and agreeing with it on a format. A fence, as `ALSADevice`.
enum ALSANegotiation {
    struct Agreement {
        var format: AudioFormat
        var periodFrameCount: Int
        var bufferFrameCount: Int
        var canPause: Bool
    }

    /// Rates worth trying and naming, in Hz; CAP-1's range.
    static let commonRates = [
        8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000, 64000, 88200, 96000, 176_400, 192_000, 352_800,
        384_000,
    ]
    /// What to take where the user leaves it open, best first.
    static let preferredRates = [48000, 44100, 96000, 32000, 24000, 16000, 192_000]

    /// A device that is open and has agreed; whoever takes it frees both.
    @safe
    struct Handle {
        let pcm: OpaquePointer
        let status: OpaquePointer
        let agreement: Agreement
        let card: SoundCard?
    }

    static func open(
        _ options: CaptureOptions,
        lostFrom lost: SoundCard?,
        among cards: SoundCards
    ) throws(CaptureError) -> Handle {
        var options = options
        if let lost {
            options.deviceName = try cards.name(options.deviceName, on: lost)
            forgetConfiguration()
        }
        let pcm = unsafe try open(options.deviceName)
        do throws(CaptureError) {
            let card = unsafe cards.card(numbered: cardNumber(pcm))
            if let lost, card?.identity.isSame(as: lost.identity) != true {
                throw .otherDevice(name: options.deviceName, lost: lost.identity.description)
            }
            let agreement = unsafe try agree(pcm, options)
            var status: OpaquePointer?
            guard unsafe snd_pcm_status_malloc(&status) == 0, let status = unsafe status else {
                throw .system(call: "snd_pcm_status_malloc", code: ENOMEM)
            }
            return unsafe Handle(pcm: pcm, status: status, agreement: agreement, card: card)
        } catch {
            unsafe snd_pcm_close(pcm)
            throw error
        }
    }

    static func open(
        _ name: String,
        _ stream: snd_pcm_stream_t = SND_PCM_STREAM_CAPTURE
    ) throws(CaptureError) -> OpaquePointer {
        alsa_silence_messages()
        var pcm: OpaquePointer?
        let code = unsafe snd_pcm_open(&pcm, name, stream, Int32(SND_PCM_NONBLOCK))
        if code >= 0, let pcm = unsafe pcm { return unsafe pcm }
        switch -code {
        case EBUSY, EAGAIN: throw .busy(name: name)
        case EACCES, EPERM: throw .permission(name: name)
        // Whichever the code: a card that is away is "Invalid argument" to names like `sysdefault`.
        default: throw .noSuchDevice(name: name, reason: reason(code))
        }
    }

    /// Has the next open read ALSA's configuration anew: it knows the cards of the time when it was read.
    static func forgetConfiguration() { snd_config_update_free_global() }

    /// The number of the kernel's card that a device lies on, through any plugins; -1 if on none.
    private static func cardNumber(_ pcm: OpaquePointer) -> Int {
        var memory: OpaquePointer?
        guard unsafe snd_pcm_info_malloc(&memory) == 0, let info = unsafe memory else { return -1 }
        defer { unsafe snd_pcm_info_free(info) }
        guard unsafe snd_pcm_info(pcm, info) == 0 else { return -1 }
        return unsafe Int(snd_pcm_info_get_card(info))
    }

    static func agree(_ pcm: OpaquePointer, _ options: CaptureOptions) throws(CaptureError) -> Agreement {
        let name = options.deviceName
        var memory: OpaquePointer?
        guard unsafe snd_pcm_hw_params_malloc(&memory) == 0, let parameters = unsafe memory else {
            throw .system(call: "snd_pcm_hw_params_malloc", code: ENOMEM)
        }
        defer { unsafe snd_pcm_hw_params_free(parameters) }
        try unsafe check(name, "snd_pcm_hw_params_any", snd_pcm_hw_params_any(pcm, parameters))
        try unsafe check(
            name,
            "snd_pcm_hw_params_set_access",
            snd_pcm_hw_params_set_access(pcm, parameters, SND_PCM_ACCESS_RW_INTERLEAVED)
        )

        let sampleFormat = unsafe try agreeOnSampleFormat(pcm, parameters, options)
        let channelCount = unsafe try agreeOnChannelCount(pcm, parameters, options)
        let sampleRate = unsafe try agreeOnRate(pcm, parameters, options)
        unsafe try agreeOnBuffer(pcm, parameters, options, sampleRate: sampleRate)
        try unsafe check(name, "snd_pcm_hw_params", snd_pcm_hw_params(pcm, parameters))

        var period: snd_pcm_uframes_t = 0
        var buffer: snd_pcm_uframes_t = 0
        var direction: Int32 = 0
        try unsafe check(
            name,
            "snd_pcm_hw_params_get_period_size",
            snd_pcm_hw_params_get_period_size(parameters, &period, &direction)
        )
        try unsafe check(
            name,
            "snd_pcm_hw_params_get_buffer_size",
            snd_pcm_hw_params_get_buffer_size(parameters, &buffer)
        )
        unsafe try setSoftwareParameters(pcm, name, period: period)
        return Agreement(
            format: AudioFormat(sampleFormat: sampleFormat, sampleRate: sampleRate, channelCount: channelCount),
            periodFrameCount: Int(period),
            bufferFrameCount: Int(buffer),
            canPause: unsafe snd_pcm_hw_params_can_pause(parameters) == 1
        )
    }

    private static func agreeOnSampleFormat(
        _ pcm: OpaquePointer,
        _ parameters: OpaquePointer,
        _ options: CaptureOptions
    ) throws(CaptureError) -> SampleFormat {
        let offered = unsafe sampleFormats(pcm, parameters)
        guard let chosen = options.sampleFormat ?? offered.first, offered.contains(chosen) else {
            throw .notOffered(
                name: options.deviceName,
                asked: options.sampleFormat?.rawValue ?? "a format that can be recorded",
                offered: list(offered.map(\.rawValue)),
                option: offered.first.map { "--format \($0.rawValue)" } ?? "another device"
            )
        }
        try unsafe check(
            options.deviceName,
            "snd_pcm_hw_params_set_format",
            snd_pcm_hw_params_set_format(pcm, parameters, alsaFormat(chosen))
        )
        return chosen
    }

    private static func agreeOnChannelCount(
        _ pcm: OpaquePointer,
        _ parameters: OpaquePointer,
        _ options: CaptureOptions
    ) throws(CaptureError) -> Int {
        let offered = unsafe channelCounts(pcm, parameters)
        let usual = [options.preferredChannelCount, 2, 1].compactMap(\.self)
        let preferred = usual.first { offered.contains($0) } ?? offered.first
        guard let chosen = options.channelCount ?? preferred, offered.contains(chosen) else {
            let asked = options.channelCount.map { $0 == 1 ? "1 channel" : "\($0) channels" } ?? "up to 64 channels"
            let option = nearest(to: options.channelCount ?? 2, in: offered).map { "--channels \($0)" }
            throw .notOffered(
                name: options.deviceName,
                asked: asked,
                offered: ranges(offered),
                option: option ?? "another device"
            )
        }
        try unsafe check(
            options.deviceName,
            "snd_pcm_hw_params_set_channels",
            snd_pcm_hw_params_set_channels(pcm, parameters, UInt32(chosen))
        )
        return chosen
    }

    private static func agreeOnRate(
        _ pcm: OpaquePointer,
        _ parameters: OpaquePointer,
        _ options: CaptureOptions
    ) throws(CaptureError) -> Int {
        let offered = unsafe rates(pcm, parameters)
        let usual = [options.preferredSampleRate].compactMap(\.self) + preferredRates
        let preferred = usual.first { offered.contains($0) } ?? offered.last
        guard
            let chosen = options.sampleRate ?? preferred,
            unsafe snd_pcm_hw_params_set_rate(pcm, parameters, UInt32(clamping: chosen), 0) == 0
        else {
            let option = nearest(to: options.sampleRate ?? 48000, in: offered).map { "--rate \($0)" }
            throw .notOffered(
                name: options.deviceName,
                asked: options.sampleRate.map { "\($0) Hz" } ?? "a rate up to 384000 Hz",
                offered: list(offered.map(String.init)),
                option: option ?? "another device"
            )
        }
        return chosen
    }

    /// A second of buffer in four periods unless told: few wake-ups, and slack for a machine that stalls (CAP-5).
    private static func agreeOnBuffer(
        _ pcm: OpaquePointer,
        _ parameters: OpaquePointer,
        _ options: CaptureOptions,
        sampleRate: Int
    ) throws(CaptureError) {
        var largest: snd_pcm_uframes_t = 0
        try unsafe check(
            options.deviceName,
            "snd_pcm_hw_params_get_buffer_size_max",
            snd_pcm_hw_params_get_buffer_size_max(parameters, &largest)
        )
        // No device has a period of that many frames, and four of them can be counted.
        let fourPeriods = 4 * min(options.periodFrameCount ?? 0, Int(Int32.max))
        let wanted = options.bufferFrameCount ?? max(sampleRate, fourPeriods)
        var buffer = min(snd_pcm_uframes_t(clamping: wanted), largest)
        var period = snd_pcm_uframes_t(clamping: options.periodFrameCount ?? Int(buffer) / 4)
        var direction: Int32 = 0
        let askedPeriod = period
        try unsafe check(
            options.deviceName,
            "snd_pcm_hw_params_set_period_size_near",
            snd_pcm_hw_params_set_period_size_near(pcm, parameters, &period, &direction)
        )
        if options.periodFrameCount != nil, period != askedPeriod {
            throw .notOffered(
                name: options.deviceName,
                asked: "a period of \(askedPeriod) frames",
                offered: "\(period)",
                option: "--period-size \(period)"
            )
        }
        let askedBuffer = buffer
        try unsafe check(
            options.deviceName,
            "snd_pcm_hw_params_set_buffer_size_near",
            snd_pcm_hw_params_set_buffer_size_near(pcm, parameters, &buffer)
        )
        if let wanted = options.bufferFrameCount, buffer != askedBuffer || wanted != Int(buffer) {
            throw .notOffered(
                name: options.deviceName,
                asked: "a buffer of \(wanted) frames",
                offered: "\(buffer)",
                option: "--buffer-size \(buffer)"
            )
        }
    }

    private static func setSoftwareParameters(
        _ pcm: OpaquePointer,
        _ name: String,
        period: snd_pcm_uframes_t
    ) throws(CaptureError) {
        var memory: OpaquePointer?
        guard unsafe snd_pcm_sw_params_malloc(&memory) == 0, let parameters = unsafe memory else {
            throw .system(call: "snd_pcm_sw_params_malloc", code: ENOMEM)
        }
        defer { unsafe snd_pcm_sw_params_free(parameters) }
        try unsafe check(name, "snd_pcm_sw_params_current", snd_pcm_sw_params_current(pcm, parameters))
        try unsafe check(
            name,
            "snd_pcm_sw_params_set_avail_min",
            snd_pcm_sw_params_set_avail_min(pcm, parameters, period)
        )
        try unsafe check(
            name,
            "snd_pcm_sw_params_set_tstamp_mode",
            snd_pcm_sw_params_set_tstamp_mode(pcm, parameters, SND_PCM_TSTAMP_ENABLE)
        )
        if unsafe snd_pcm_stream(pcm) == SND_PCM_STREAM_PLAYBACK {
            // It starts when it is told to, and not with the first frame written.
            var never: snd_pcm_uframes_t = 0
            try unsafe check(
                name,
                "snd_pcm_sw_params_get_boundary",
                snd_pcm_sw_params_get_boundary(parameters, &never)
            )
            try unsafe check(
                name,
                "snd_pcm_sw_params_set_start_threshold",
                snd_pcm_sw_params_set_start_threshold(pcm, parameters, never)
            )
        }
        // Old drivers know wall-clock stamps only; `status` recognizes those by their size.
        _ = unsafe snd_pcm_sw_params_set_tstamp_type(pcm, parameters, SND_PCM_TSTAMP_TYPE_MONOTONIC)
        try unsafe check(name, "snd_pcm_sw_params", snd_pcm_sw_params(pcm, parameters))
    }

    // MARK: What a device offers

    static func sampleFormats(_ pcm: OpaquePointer, _ parameters: OpaquePointer) -> [SampleFormat] {
        SampleFormat.allCases.filter {
            unsafe snd_pcm_hw_params_test_format(pcm, parameters, alsaFormat($0)) == 0
        }
    }

    static func channelCounts(_ pcm: OpaquePointer, _ parameters: OpaquePointer) -> [Int] {
        (1...64).filter { unsafe snd_pcm_hw_params_test_channels(pcm, parameters, UInt32($0)) == 0 }
    }

    static func rates(_ pcm: OpaquePointer, _ parameters: OpaquePointer) -> [Int] {
        commonRates.filter { unsafe snd_pcm_hw_params_test_rate(pcm, parameters, UInt32($0), 0) == 0 }
    }

    static func alsaFormat(_ format: SampleFormat) -> snd_pcm_format_t {
        switch format {
        case .s16: SND_PCM_FORMAT_S16_LE
        case .s24Packed: SND_PCM_FORMAT_S24_3LE
        case .s24: SND_PCM_FORMAT_S24_LE
        case .s32: SND_PCM_FORMAT_S32_LE
        case .float: SND_PCM_FORMAT_FLOAT_LE
        }
    }

    // MARK: Words

    static func reason(_ code: Int32) -> String { unsafe String(cString: snd_strerror(code)) }

    /// "a", "a and b", "a, b and c".
    static func list(_ items: [String]) -> String {
        guard let last = items.last else { return "none that can be recorded" }
        return items.count == 1 ? last : items.dropLast().joined(separator: ", ") + " and " + last
    }

    /// "1 to 64", "2 and 4".
    static func ranges(_ counts: [Int]) -> String {
        guard let first = counts.first, let last = counts.last else { return list([]) }
        let isRange = counts.count > 2 && last - first == counts.count - 1
        return isRange ? "\(first) to \(last)" : list(counts.map(String.init))
    }

    private static func nearest(to wanted: Int, in offered: [Int]) -> Int? {
        offered.min { abs($0 - wanted) < abs($1 - wanted) }
    }

    private static func check(_ name: String, _ call: String, _ code: Int32) throws(CaptureError) {
        guard code < 0 else { return }
        throw .device(name: name, call: call, reason: reason(code))
    }
}
