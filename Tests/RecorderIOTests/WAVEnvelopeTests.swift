import Testing

@testable import RecorderIO

@Suite struct WAVEnvelopeTests {
    // REC-8
    @Test func `Below 4 GiB it is a plain WAV with its reserve as JUNK`() {
        let envelope = WAVEnvelope(fileByteCount: 1080, dataByteCount: 1000, frameCount: 250)
        #expect(!envelope.is64Bit)
        let head: [UInt8] = [
            0x52, 0x49, 0x46, 0x46, 0x30, 0x04, 0, 0, 0x57, 0x41, 0x56, 0x45, 0x4A, 0x55, 0x4E, 0x4B, 28, 0, 0, 0,
        ]
        #expect(envelope.bytes == head + [UInt8](repeating: 0, count: 28))
        #expect(envelope.bytes.count == WAVEnvelope.byteCount)
        #expect(envelope.dataSizeField == [0xE8, 0x03, 0, 0])
    }

    // REC-8: EBU Tech 3306, by hand.
    @Test func `Past 4 GiB it is RF64 with 64-bit sizes in the same place`() {
        let dataByteCount: Int64 = 5_000_000_000
        let envelope = WAVEnvelope(
            fileByteCount: dataByteCount + 80,
            dataByteCount: dataByteCount,
            frameCount: 1_250_000_000
        )
        #expect(envelope.is64Bit)
        let bytes = envelope.bytes
        #expect(bytes.count == WAVEnvelope.byteCount)
        #expect(SoundBytes.text(bytes, 0) == "RF64")
        #expect(SoundBytes.number(bytes, 4, 4) == 0xFFFF_FFFF)
        #expect(SoundBytes.text(bytes, 8) == "WAVE")
        #expect(SoundBytes.text(bytes, 12) == "ds64")
        #expect(SoundBytes.number(bytes, 16, 4) == 28)
        #expect(SoundBytes.number(bytes, 20, 8) == 5_000_000_072)
        #expect(SoundBytes.number(bytes, 28, 8) == 5_000_000_000)
        #expect(SoundBytes.number(bytes, 36, 8) == 1_250_000_000)
        #expect(SoundBytes.number(bytes, 44, 4) == 0)
        #expect(envelope.dataSizeField == [0xFF, 0xFF, 0xFF, 0xFF])
    }

    // REC-8: the largest size that a plain WAV holds is 0xFFFFFFFE, for 0xFFFFFFFF says "elsewhere".
    @Test func `The change is at the last byte that fits`() {
        func envelope(_ riffByteCount: Int64) -> WAVEnvelope {
            WAVEnvelope(fileByteCount: riffByteCount + 8, dataByteCount: riffByteCount - 72, frameCount: 1)
        }
        #expect(!envelope(0xFFFF_FFFE).is64Bit)
        #expect(SoundBytes.number(envelope(0xFFFF_FFFE).bytes, 4, 4) == 0xFFFF_FFFE)
        #expect(envelope(0xFFFF_FFFF).is64Bit)
        #expect(envelope(0x1_0000_0000).is64Bit)
    }
}
