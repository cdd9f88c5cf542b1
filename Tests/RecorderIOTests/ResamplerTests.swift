import Audio
import Foundation
import TestSupport
import Testing

@testable import RecorderIO

@Suite struct ResamplerTests {
    /// What went in is known by position, so that each frame that comes out can be checked against where it lies.
    private static func sine(_ place: Double, _ step: Double) -> Double { 0.5 * sin(place * step) }

    // REC-4: without this, nobody knows where a frame lies that comes out.
    @Test(arguments: [1.0, 3, 1 / 3.0, 48000 / 44100.0, 16000 / 44100.0])
    func `Each frame that comes out lies where it is reckoned to, however the ratio varies`(nominal: Double) throws {
        var random = Random(seed: 1)
        let resampler = try Resampler(channelCount: 1)
        let step = 0.2 * min(1, nominal)
        var given = 0
        var noise = 0.0
        var power = 0.0
        var madeCount = 0
        var pieceCount = 0
        while given < 60_000 {
            pieceCount += 1
            let count = 1 + random.below(Int(900 / max(1, nominal)))
            let piece = (given..<given + count).map { Float(Self.sine(Double($0), step)) }
            let first = Double(given) - resampler.heldFrameCount
            let target = nominal * (1 + 0.0015 * (2 * random.unit() - 1))
            let ratio = pieceCount == 1 ? target : resampler.ratio
            let made = resampler.process(piece, ratio: target)
            given += count
            let last = Double(given) - resampler.heldFrameCount
            let slope = made > 1 ? (resampler.ratio - ratio) / Double(made - 1) : 0
            resampler.withOutput(made) { floats in
                var place = first
                for index in 0..<made {
                    let want = Self.sine(place, step)
                    if place > 200 / min(1, nominal) {
                        noise += pow(Double(floats[index]) - want, 2)
                        power += want * want
                        madeCount += 1
                    }
                    place += 1 / (ratio + slope * Double(index))
                }
                #expect(abs(place - last) < 1e-7)
            }
        }
        #expect(madeCount > 10_000)
        let ratio = 10 * log10(power / noise)
        #expect(ratio > 100, "\(ratio) dB")
    }

    // REC-4: no lost tail.
    @Test func `A flush gives what was held, to the last frame`() throws {
        for seed in 0..<180 {
            var random = Random(seed: UInt64(seed))
            let nominal = [1.0, 3, 1 / 3.0, 48000 / 44100.0, 16000 / 44100.0, 6, 1 / 6.0, 48, 1 / 48.0][seed % 9]
            let resampler = try Resampler(channelCount: 2)
            // Used before: nothing of that may remain.
            _ = resampler.process([Float](repeating: 1, count: 200), ratio: nominal)
            resampler.reset()
            let count = 1 + random.below(2000)
            var made: [Float] = []
            func take(_ count: Int) {
                resampler.withOutput(count) { floats in for index in floats.indices { made.append(floats[index]) } }
            }
            var given = 0
            while given < count {
                let piece = min(count - given, 1 + random.below(Int(960 / max(1, nominal))))
                let frames = [Float](repeating: 0.5, count: 2 * piece)
                take(resampler.process(frames, ratio: nominal))
                given += piece
            }
            while true {
                let flushed = resampler.flush(atMost: 1 + random.below(100))
                guard flushed > 0 else { break }
                take(flushed)
            }
            let want = Double(count) * nominal
            #expect(abs(Double(made.count / 2) - want) <= 1, "seed \(seed): \(made.count / 2), \(want)")
            // At the last frame that went in, the edge of a step.
            guard !made.isEmpty else { continue }
            let last = made[2 * max(0, min(made.count / 2 - 1, Int(Double(count - 1) * nominal)))]
            #expect(last > 0.2 && last < 0.65, "seed \(seed): \(last)")
        }
    }
}
