import Audio
import Capture
import TestSupport
import Testing

/// Against the real alsa-lib, whose configuration is the process's: one at a time.
@Suite(.serialized) struct ALSADeviceTests {
    // CAP-1
    @Test func `What is not asked for is chosen from what the device offers`() throws {
        let stereo = try ALSADevice(CaptureOptions(deviceName: Microphones.fixture("speech-48k-stereo.wav")))
        #expect(stereo.format == AudioFormat(sampleFormat: .s16, sampleRate: 48000, channelCount: 2))
        // A quarter and a whole second.
        #expect(stereo.periodFrameCount == 12000)
        #expect(stereo.bufferFrameCount == 48000)
        let mono = try ALSADevice(CaptureOptions(deviceName: Microphones.fixture("speech-16k-mono.wav")))
        #expect(mono.format == AudioFormat(sampleFormat: .s16, sampleRate: 16000, channelCount: 1))
        let many = Microphones.fixture("speech-48k-stereo.wav", "SPEED=max,RATES=8000+44100+96000,CHANNELS=4+6")
        let chosen = try ALSADevice(CaptureOptions(deviceName: many))
        #expect(chosen.format == AudioFormat(sampleFormat: .s16, sampleRate: 44100, channelCount: 4))
    }

    // CAP-1
    @Test(arguments: ["s16", "s24", "s32", "float"], [1, 2, 8])
    func `Every format and channel count is opened as it is`(format: String, channelCount: Int) throws {
        let name = Microphones.fixture("ramp-\(format)-\(channelCount)ch.wav")
        let device = try ALSADevice(CaptureOptions(deviceName: name))
        let formats: [String: SampleFormat] = ["s16": .s16, "s24": .s24Packed, "s32": .s32, "float": .float]
        #expect(device.format.sampleFormat == formats[format])
        #expect(device.format.channelCount == channelCount)
        #expect(device.format.sampleRate == 16000)
    }

    // CAP-1
    @Test func `A rate that the device has not got is named with those that it has`() {
        let name = Microphones.fixture("speech-48k-stereo.wav", "SPEED=max,RATES=16000+48000")
        let error = refusal(CaptureOptions(deviceName: name, sampleRate: 44100))
        #expect(
            error == .notOffered(name: name, asked: "44100 Hz", offered: "16000 and 48000", option: "--rate 48000")
        )
        #expect(
            error?.description
                == "\(name) does not offer 44100 Hz (it offers 16000 and 48000): use --rate 48000"
        )
        #expect(error?.isRetryable == false)
    }

    // CAP-1
    @Test func `Formats, channels, periods and buffers that the device has not got are named likewise`() {
        let name = Microphones.fixture("speech-48k-stereo.wav", "SPEED=max,MAXBUFFER=9600")
        #expect(
            refusal(CaptureOptions(deviceName: name, sampleFormat: .s32))
                == .notOffered(name: name, asked: "S32_LE", offered: "S16_LE", option: "--format S16_LE")
        )
        #expect(
            refusal(CaptureOptions(deviceName: name, channelCount: 1))
                == .notOffered(name: name, asked: "1 channel", offered: "2", option: "--channels 2")
        )
        #expect(
            refusal(CaptureOptions(deviceName: name, channelCount: 5))
                == .notOffered(name: name, asked: "5 channels", offered: "2", option: "--channels 2")
        )
        #expect(
            refusal(CaptureOptions(deviceName: name, bufferFrameCount: 48000))
                == .notOffered(
                    name: name,
                    asked: "a buffer of 48000 frames",
                    offered: "9600",
                    option: "--buffer-size 9600"
                )
        )
        for frameCount in [1 << 32, Int.max] {
            let options = CaptureOptions(deviceName: name, periodFrameCount: frameCount)
            guard case .notOffered(name, "a period of \(frameCount) frames", _, _) = refusal(options) else {
                Issue.record("\(frameCount) frames: \(refusal(options) as Any)")
                continue
            }
        }
    }

    // CAP-1
    @Test func `A device that is not there, or busy, is told as such`() {
        _ = Microphones.null
        #expect(
            refusal(CaptureOptions(deviceName: "hw:77,0"))?.description
                .hasSuffix("choose a device from 'tapeline devices' with --device") == true
        )
        let busy = Microphones.fixture("speech-48k-stereo.wav", "BUSY=1")
        #expect(refusal(CaptureOptions(deviceName: busy)) == .busy(name: busy))
    }

    // CAP-2
    @Test func `Reads give the file's frames, then the end`() throws {
        var device = try Reader(CaptureOptions(deviceName: Microphones.fixture("ramp-s16-2ch.wav")))
        let (bytes, ending) = device.readAll()
        #expect(ending == .ended)
        // 0.25 s at 16 kHz; sample (k, c) is k + 257 c.
        #expect(bytes.count == 4000 * 4)
        let isRamp = (0..<4000).allSatisfy { frame in
            (0..<2).allSatisfy { channel in
                let value = UInt16(truncatingIfNeeded: frame + 257 * channel)
                let offset = 4 * frame + 2 * channel
                return bytes[offset] == UInt8(value & 0xFF) && bytes[offset + 1] == UInt8(value >> 8)
            }
        }
        #expect(isRamp)
    }

    // CAP-5
    @Test func `An overrun, a suspend and an unplugged device are told apart, and the first two start again`() throws {
        let overrun = Microphones.fixture("speech-16k-mono.wav", "SPEED=max,XRUN=20000:100")
        var first = try Reader(CaptureOptions(deviceName: overrun))
        let firstEnding = first.readAll().ending
        let firstStarted = first.restart()
        let firstRest = first.readAll().ending
        #expect(firstEnding == .state(.overrun))
        #expect(firstStarted)
        #expect(firstRest == .ended)
        let suspend = Microphones.fixture("speech-16k-mono.wav", "SPEED=max,SUSPEND=20000:100")
        var second = try Reader(CaptureOptions(deviceName: suspend))
        let before = second.readAll()
        #expect(before.bytes.count == 20000 * 2)
        #expect(before.ending == .state(.suspended))
        let secondStarted = second.restart()
        let after = second.readAll()
        #expect(secondStarted)
        #expect(after.bytes.count == (160_000 - 20100) * 2)
        for fault in ["UNPLUG", "BADFD"] {
            let name = Microphones.fixture("speech-16k-mono.wav", "SPEED=max,\(fault)=20000:forever")
            var third = try Reader(CaptureOptions(deviceName: name))
            let ending = third.readAll().ending
            let isBack = third.restart()
            #expect(ending == .state(.lost), "\(fault)")
            #expect(!isBack, "\(fault)")
        }
    }

    // CAP-6
    @Test func `A device that was on a sound card is not taken from anywhere else`() throws {
        let name = Microphones.fixture("speech-16k-mono.wav")
        let options = CaptureOptions(deviceName: name)
        #expect(try ALSADevice(options).card == nil)
        let card = SoundCard(number: 1, identity: CardIdentity(cardID: "Mic"))
        #expect(throws: CaptureError.otherDevice(name: name, lost: "card Mic")) {
            _ = try ALSADevice(options, lostFrom: card)
        }
    }

    // CAP-4
    @Test func `A device's times lie on the monotonic clock`() throws {
        let device = try ALSADevice(
            CaptureOptions(deviceName: Microphones.fixture("speech-48k-stereo.wav", "SPEED=real"))
        )
        let start = HostTime.now()
        let isStarted = device.start()
        #expect(isStarted)
        var status = device.status()
        while status.waitingFrameCount < 480 {
            device.wait(event: -1, timeoutMilliseconds: 1)
            status = device.status()
        }
        let end = HostTime.now()
        #expect(status.state == .running)
        #expect(status.hostTime > start && status.hostTime <= end)
        // So many frames cannot have come sooner than their own time.
        #expect(status.hostTime.seconds(since: start) >= Double(status.waitingFrameCount - 1) / 48000)
    }

    @Test func `A device that was not started says so`() throws {
        let device = try ALSADevice(CaptureOptions(deviceName: Microphones.fixture("speech-48k-stereo.wav")))
        let state = device.status().state
        #expect(state == .stopped)
    }

    // CAP-1
    @Test func `The null device offers all that can be recorded`() throws {
        for format in SampleFormat.allCases {
            for channelCount in [1, 2, 8, 64] {
                let device = try ALSADevice(
                    CaptureOptions(
                        deviceName: Microphones.null,
                        sampleFormat: format,
                        sampleRate: 384_000,
                        channelCount: channelCount
                    )
                )
                #expect(
                    device.format
                        == AudioFormat(sampleFormat: format, sampleRate: 384_000, channelCount: channelCount)
                )
            }
        }
    }

    // CAP-1
    @Test func `The listing has the null device with what it offers`() throws {
        _ = Microphones.null
        let devices = try ALSADirectory.devices()
        let null = try #require(devices.first { $0.name == "null" })
        #expect(null.summary == "Discard all samples")
        #expect(null.sampleFormats == SampleFormat.allCases)
        #expect(null.channelCounts == Array(1...64))
        #expect(null.channelCountsText == "1 to 64")
        #expect(null.sampleRates.first == 8000 && null.sampleRates.last == 384_000)
        #expect(null.problem == nil)
    }

    private func refusal(_ options: CaptureOptions) -> CaptureError? {
        do throws(CaptureError) {
            _ = try ALSADevice(options)
            return nil
        } catch {
            return error
        }
    }
}
