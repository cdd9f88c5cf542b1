import Audio
import RecorderIO
import Testing

@Suite struct ContainerTests {
    private func refusal(_ container: Container, _ format: SampleFormat, _ rate: Int, _ channelCount: Int) -> String? {
        do throws(RecorderError) {
            try container.check(AudioFormat(sampleFormat: format, sampleRate: rate, channelCount: channelCount))
            return nil
        } catch {
            return error.description
        }
    }

    @Test(arguments: [Container.wav, .rf64, .w64], SampleFormat.allCases)
    func `The PCM containers hold everything`(container: Container, format: SampleFormat) {
        #expect(refusal(container, format, 8000, 1) == nil)
        #expect(refusal(container, format, 384_000, 64) == nil)
    }

    @Test func `FLAC holds 8 channels of 24 bits`() {
        #expect(refusal(.flac, .s16, 384_000, 8) == nil)
        #expect(refusal(.flac, .s24, 48000, 8) == nil)
        #expect(refusal(.flac, .s24Packed, 48000, 1) == nil)
        #expect(
            refusal(.flac, .s16, 48000, 9)
                == "flac cannot hold 9 channels (at most 8): use --container wav, rf64 or w64"
        )
        #expect(
            refusal(.flac, .s32, 48000, 2)
                == "flac cannot hold S32_LE without loss: use --format S24_LE, or --container wav, rf64 or w64"
        )
        #expect(refusal(.flac, .float, 48000, 2)?.hasPrefix("flac cannot hold FLOAT_LE without loss") == true)
    }

    @Test func `Vorbis holds up to 192 kHz`() {
        #expect(refusal(.oggVorbis, .float, 192_000, 64) == nil)
        #expect(
            refusal(.oggVorbis, .s16, 384_000, 2)
                == "ogg-vorbis cannot hold 384000 Hz (at most 192000): use --container wav, rf64 or w64, or flac"
        )
    }

    @Test func `Opus holds 8 channels at its five rates`() {
        for rate in [8000, 12000, 16000, 24000, 48000] { #expect(refusal(.oggOpus, .s16, rate, 8) == nil) }
        #expect(
            refusal(.oggOpus, .s16, 44100, 2)
                == "ogg-opus cannot hold 44100 Hz (only 8000, 12000, 16000, 24000 and 48000): "
                + "use --rate 48000, or --container ogg-vorbis or flac"
        )
        #expect(
            refusal(.oggOpus, .s16, 48000, 64)
                == "ogg-opus cannot hold 64 channels (at most 8): use --container wav, rf64 or w64"
        )
    }
}
