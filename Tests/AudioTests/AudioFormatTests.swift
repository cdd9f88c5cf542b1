import Audio
import Testing

@Suite struct AudioFormatTests {
    @Test func `A frame takes the bytes of one sample per channel`() {
        let format = AudioFormat(sampleFormat: .s24Packed, sampleRate: 48000, channelCount: 8)
        #expect(format.bytesPerFrame == 24)
    }

    // REC-6
    @Test func `Duration is frames over rate, to the nanosecond, without overflow over years`() {
        let format = AudioFormat(sampleFormat: .s16, sampleRate: 44100, channelCount: 2)
        #expect(format.duration(ofFrames: 441) == .milliseconds(10))
        #expect(format.duration(ofFrames: 44100 * 86400 * 3650) == .seconds(86400 * 3650))
    }
}
