import Foundation
import RecorderIO
import TestSupport
import Testing

extension Take {
    /// Checks by readers that share nothing with the program that a file holds exactly the first frames of this take.
    ///
    /// - Parameter finished: this take as a reader of its own read the finished file; for Ogg, which loses detail.
    func check(_ path: String, frameCount: Int, hasDigest: Bool, finished: Sound?) async throws {
        let place: Comment = "\(testDescription), \(frameCount) frames"
        let sound =
            container == .flac
            ? try await Decoder.flac(path, hasDigest: hasDigest)
            : try await Decoder.read(path, as: container.rawValue)
        #expect(sound.frames == frameCount, place)
        #expect(sound.channels == ramp.channels, place)
        #expect(sound.rate == ramp.rate, place)
        switch container {
        case .wav, .rf64, .w64, .flac:
            let isSame = sound.bytes == Data(stored.prefix(sound.bytes.count))
            #expect(isSame, "other samples: \(place)")
        case .oggVorbis, .oggOpus:
            let finished = try #require(finished)
            // Where opusdec resamples, it makes up the last few.
            let count = sound.numbers.count - (ramp.rate == 48000 ? 0 : 100)
            let isSame = sound.numbers.prefix(count) == finished.numbers.prefix(count)
            #expect(isSame, "other samples: \(place)")
            let tool = container == .oggOpus ? "opusinfo" : "ogginfo"
            let info = try await ChildProcess.run("/usr/bin/env", [tool, path])
            let text = String(decoding: info.standardOutput, as: UTF8.self) + info.standardError
            #expect(info.exitCode == 0, "\(text)")
            #expect(!text.contains("WARNING") && !text.contains("ERROR"), "\(text)")
        }
    }

    /// Checks that ffmpeg reads as many frames, and finds nothing to complain about.
    func checkByFFmpeg(_ path: String, frameCount: Int) async throws {
        let arguments = ["ffmpeg", "-v", "error", "-i", path, "-f", "s16le", "-c:a", "pcm_s16le", "-"]
        let ending = try await ChildProcess.run("/usr/bin/env", arguments)
        #expect(ending.exitCode == 0)
        #expect(ending.standardError == "", "\(testDescription)")
        // It leaves some frames out at the end of any Vorbis file.
        guard container != .oggVorbis else { return }
        let rate = container == .oggOpus ? 48000 : ramp.rate
        #expect(ending.standardOutput.count == frameCount * rate / ramp.rate * ramp.channels * 2, "\(testDescription)")
    }
}
