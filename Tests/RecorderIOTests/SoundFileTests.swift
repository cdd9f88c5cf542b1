import Audio
import TestSupport
import Testing

@testable import RecorderIO

@Suite struct SoundFileTests {
    private static let frameCount = 10_000

    /// Samples of every value and sign, in the device's form. The high byte of S24_LE is noise.
    private func samples(_ format: AudioFormat) -> [UInt8] {
        var random = Random(seed: 9)
        let count = Self.frameCount * format.channelCount
        guard format.sampleFormat == .float else {
            return (0..<count * format.sampleFormat.byteCount).map { _ in UInt8(truncatingIfNeeded: random.next()) }
        }
        return (0..<count).flatMap { _ in
            let bits = Float(2 * random.unit() - 1).bitPattern
            return (0..<4).map { UInt8(truncatingIfNeeded: bits >> (8 * $0)) }
        }
    }

    /// What a file of the device's bytes holds: S24_LE goes without its high byte.
    private func stored(_ bytes: [UInt8], _ format: SampleFormat) -> [UInt8] {
        guard format == .s24 else { return bytes }
        return bytes.indices.filter { $0 % 4 != 3 }.map { bytes[$0] }
    }

    // CAP-2
    @Test(arguments: [Container.wav, .rf64, .w64], SampleFormat.allCases)
    func `PCM files hold the device's samples, bit for bit`(container: Container, sampleFormat: SampleFormat) throws {
        for channelCount in [1, 2, 8] {
            let workspace = try Workspace()
            let format = AudioFormat(sampleFormat: sampleFormat, sampleRate: 44100, channelCount: channelCount)
            let bytes = samples(format)
            try write(container, format, bytes, "\(workspace.path)/a")
            let file = try SoundBytes(try workspace.bytes("a"))
            #expect(file.kind == (container == .wav ? "RIFF" : container == .rf64 ? "RF64" : "riff"))
            #expect(file.formatTag == (sampleFormat == .float ? 3 : 1))
            #expect(file.channelCount == channelCount)
            #expect(file.sampleRate == 44100)
            #expect(file.bitsPerSample == sampleFormat.significantBitCount)
            #expect(isSame(file.data, stored(bytes, sampleFormat)))
        }
    }

    // CAP-2
    @Test(arguments: [SampleFormat.s16, .s24, .s24Packed], [1, 2, 8])
    func `FLAC holds the device's samples, as its own decoder reads them`(
        sampleFormat: SampleFormat,
        channelCount: Int
    ) throws {
        let workspace = try Workspace()
        let format = AudioFormat(sampleFormat: sampleFormat, sampleRate: 48000, channelCount: channelCount)
        let bytes = samples(format)
        try write(.flac, format, bytes, "\(workspace.path)/a.flac")
        let decoded = try Workspace.output(
            of: "flac",
            "--decode",
            "--stdout",
            "--silent",
            "--force-raw-format",
            "--endian=little",
            "--sign=signed",
            "\(workspace.path)/a.flac"
        )
        #expect(isSame(decoded, stored(bytes, sampleFormat)))
    }

    // REC-8: what a power cut leaves is a whole file up to the last sync.
    @Test(arguments: [Container.wav, .rf64, .w64])
    func `After a sync the part file is whole up to there`(container: Container) throws {
        let workspace = try Workspace()
        let format = AudioFormat(sampleFormat: .s16, sampleRate: 48000, channelCount: 2)
        let bytes = samples(format)
        var file = try SoundFile(path: "\(workspace.path)/a", replacing: false, container: container, format: format)
        try file.write(unsafe bytes.span.bytes.extracting(0..<4000))
        try file.sync()
        let read = try SoundBytes(try workspace.bytes("a.part"))
        #expect(isSame(read.data, bytes[..<4000]))
        try file.write(unsafe bytes.span.bytes.extracting(4000..<8000))
        let end = try file.finalize()
        #expect(end.failure == nil)
        #expect(isSame(try SoundBytes(try workspace.bytes("a")).data, bytes[..<8000]))
        #expect(workspace.names == ["a"])
    }

    @Test(arguments: Container.allCases)
    func `An empty recording is a whole file too`(container: Container) throws {
        let workspace = try Workspace()
        let format = AudioFormat(sampleFormat: .s16, sampleRate: 48000, channelCount: 1)
        let file = try SoundFile(path: "\(workspace.path)/a", replacing: false, container: container, format: format)
        let end = try file.finalize()
        #expect(end.failure == nil)
        #expect(workspace.names == ["a"])
        if [.wav, .rf64, .w64].contains(container) { #expect(try SoundBytes(try workspace.bytes("a")).data.isEmpty) }
    }

    // SES-3
    @Test func `A format that the encoder refuses leaves no file`() throws {
        let workspace = try Workspace()
        let format = AudioFormat(sampleFormat: .s32, sampleRate: 48000, channelCount: 1)
        #expect(throws: RecorderError.self) {
            _ = try SoundFile(path: "\(workspace.path)/a", replacing: false, container: .flac, format: format)
                .finalize()
        }
        #expect(workspace.names == [])
    }
}
