import Audio
import Foundation
import TestSupport
import Testing

@testable import RecorderIO

@Suite(.timeLimit(.minutes(10))) struct VorbisFileTests {
    private static func format(_ sampleFormat: SampleFormat, _ rate: Int, _ channelCount: Int) -> AudioFormat {
        AudioFormat(sampleFormat: sampleFormat, sampleRate: rate, channelCount: channelCount)
    }

    /// A tone of its own for each channel, with some noise, as 16 bits; one channel after the other.
    private func tones(_ frameCount: Int, _ format: AudioFormat) -> [[Int16]] {
        var random = Random(seed: 5)
        return (0..<format.channelCount).map { channel in
            let step = 2 * Double.pi * Double(200 + 73 * channel) / Double(format.sampleRate)
            return (0..<frameCount).map { Int16(8000 * sin(step * Double($0)) + 100 * random.unit()) }
        }
    }

    /// Samples as the device hands them over.
    private func bytes(_ channels: [[Int16]], _ sampleFormat: SampleFormat) -> [UInt8] {
        (0..<(channels.first?.count ?? 0)).flatMap { frame in
            channels.flatMap { channel in
                let sample = Int32(channel[frame])
                let word =
                    switch sampleFormat {
                    case .s16: UInt32(bitPattern: sample)
                    case .s24, .s24Packed: UInt32(bitPattern: sample << 8 | 3)
                    case .s32: UInt32(bitPattern: sample << 16 | 77)
                    case .float: (Float(sample) / 32768).bitPattern
                    }
                return (0..<sampleFormat.byteCount).map { UInt8(truncatingIfNeeded: word >> (8 * $0)) }
            }
        }
    }

    /// Checks that every page follows from the one before it, and that readers of others find nothing to complain about.
    private func check(_ path: String, frameCount: Int) async throws {
        let pages = try OggStream([UInt8](try Data(contentsOf: URL(filePath: path)))).pages
        #expect(pages.map(\.sequence) == Array(0..<pages.count))
        #expect(Set(pages.map(\.serial)).count == 1)
        #expect(pages.map(\.granule) == pages.map(\.granule).sorted())
        #expect(pages.last?.granule == Int64(frameCount))
        #expect(pages.filter { $0.marks & OggStream.firstMark != 0 }.map(\.sequence) == [0])
        #expect(pages.filter { $0.marks & OggStream.lastMark != 0 }.map(\.sequence) == [pages.count - 1])
        let information = try await ChildProcess.run("/usr/bin/env", ["ogginfo", path])
        let text = String(decoding: information.standardOutput, as: UTF8.self)
        // It takes position 0 for an error.
        #expect(information.exitCode == (frameCount == 0 ? 1 : 0), "\(text)")
        #expect(!text.contains("WARNING") && !text.contains("ERROR"), "\(text)")
        #expect(try await Decoder.vorbis(path).frames == frameCount)
    }

    /// The channels as ffmpeg decodes them, which is in the order of WAV, another than that of Vorbis. It must not complain.
    private func channels(_ path: String, _ format: AudioFormat) async throws -> [[Double]] {
        let arguments = ["ffmpeg", "-v", "warning", "-i", path, "-f", "s16le", "-c:a", "pcm_s16le", "-"]
        let ending = try await ChildProcess.run("/usr/bin/env", arguments)
        #expect(ending.exitCode == 0)
        #expect(ending.standardError == "")
        let bytes = [UInt8](ending.standardOutput)
        return (0..<format.channelCount).map { channel in
            stride(from: 2 * channel, to: bytes.count, by: format.bytesPerFrame).map { place in
                Double(Int16(bitPattern: UInt16(bytes[place]) | UInt16(bytes[place + 1]) << 8)) / 32768
            }
        }
    }

    // REC-8: only where the pages end is different.
    @Test(arguments: SampleFormat.allCases, [1, 2, 5])
    func `Its packets are those of libsndfile, byte for byte`(sampleFormat: SampleFormat, channelCount: Int) throws {
        let workspace = try Workspace()
        let format = Self.format(sampleFormat, 48000, channelCount)
        let bytes = bytes(tones(10_001, format), sampleFormat)
        var ours = try VorbisFile(path: "\(workspace.path)/ours", replacing: false, format: format)
        let path = "\(workspace.path)/theirs"
        var theirs = try SoundFile(path: path, replacing: false, container: .oggVorbis, format: format)
        // The encoder's start depends on how much it is given first.
        for place in stride(from: 0, to: bytes.count, by: 1024 * format.bytesPerFrame) {
            let piece = place..<min(bytes.count, place + 1024 * format.bytesPerFrame)
            try ours.write(unsafe bytes.span.bytes.extracting(piece))
            try ours.sync()
            try theirs.write(unsafe bytes.span.bytes.extracting(piece))
        }
        _ = try ours.finalize()
        _ = try theirs.finalize()
        var packets = try OggStream(try workspace.bytes("ours")).packets
        var expected = try OggStream(try workspace.bytes("theirs")).packets
        #expect(packets.count > 10)
        // The comments name the writer.
        packets.remove(at: 1)
        expected.remove(at: 1)
        let isSame = packets == expected
        #expect(isSame)
    }

    // REC-8: what a crash costs on top of what came after the sync.
    @Test(arguments: [8000, 16000, 48000], ["silence", "noise", "clicks"])
    func `After a sync at most 200 ms are not in whole pages`(rate: Int, sound: String) throws {
        let workspace = try Workspace()
        let format = Self.format(.s16, rate, 1)
        var file = try VorbisFile(path: "\(workspace.path)/a.ogg", replacing: false, format: format)
        var random = Random(seed: 8)
        var frameCount = 0
        while frameCount < rate {
            let samples = (0..<1 + random.below(rate / 4)).map { _ in
                sound == "noise" || sound == "clicks" && random.below(rate / 20) == 0 ? Int16(random.below(20_000)) : 0
            }
            try file.write(unsafe samples.span.bytes)
            frameCount += samples.count
            try file.sync()
            let granule = try OggStream(try workspace.bytes("a.ogg.part")).pages.last?.granule
            #expect(try #require(granule) >= frameCount - rate / 5)
        }
        _ = try file.finalize()
    }

    // REC-2, CAP-1
    @Test(arguments: [(8000, 1), (192_000, 2), (11025, 3), (44100, 4), (16000, 5), (48000, 6), (22050, 7), (8000, 8)])
    func `Every channel is whole, and as long as it was`(rate: Int, channelCount: Int) async throws {
        let workspace = try Workspace()
        let format = Self.format(.s16, rate, channelCount)
        let tones = tones(rate + 1, format)
        try write(.oggVorbis, format, bytes(tones, .s16), "\(workspace.path)/a.ogg")
        try await check("\(workspace.path)/a.ogg", frameCount: rate + 1)
        let before = tones.map { $0.map { Double($0) / 32768 } }
        let places = try await channels("\(workspace.path)/a.ogg", format).map { after in
            before.firstIndex { Likeness.signalToNoise($0, after) > 20 }
        }
        #expect(Set(places) == Set(before.indices))
        if channelCount <= 2 { #expect(places == Array(before.indices)) }
    }

    @Test(arguments: [0, 1, 2, 1023, 1024, 1025]) func `A recording may be as short as it likes`(
        frameCount: Int
    ) async throws {
        let workspace = try Workspace()
        let format = Self.format(.s16, 48000, 2)
        try write(.oggVorbis, format, bytes(tones(frameCount, format), .s16), "\(workspace.path)/a.ogg")
        try await check("\(workspace.path)/a.ogg", frameCount: frameCount)
        #expect(workspace.names == ["a.ogg"])
    }

    // SES-3
    @Test func `A rate that the encoder refuses leaves no file`() throws {
        let workspace = try Workspace()
        #expect(throws: RecorderError.encoder(reason: "libvorbis, code -130")) {
            _ = try VorbisFile(path: "\(workspace.path)/a.ogg", replacing: false, format: Self.format(.s16, 384_000, 1))
                .finalize()
        }
        #expect(workspace.names == [])
    }
}
