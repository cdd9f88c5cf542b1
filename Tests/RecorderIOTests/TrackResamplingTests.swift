import Audio
import Foundation
import TestSupport
import Testing

@testable import RecorderIO

/// Sources whose rate is not the file's, in stretches, with one tone that runs through all time.
@Suite struct TrackResamplingTests {
    private static let rate = 16000
    /// Of the tone, in radians for a frame of the file.
    private static let step = 2 * Double.pi * 300 / 16000

    private static func tone(_ place: Double) -> Float { Float(0.5 * sin(place * step)) }

    /// A track that hears the tone from time to time.
    private struct Player: ~Copyable {
        var mixer: TrackMixer
        var file: [Float] = []
        /// What of the tone was heard, in frames of the file.
        var heard: [(start: Double, end: Double, rate: Int)] = []
        var sourceFrameCount: Int64 = 0
        var lateFrames = 0.0
        var lateEvents = 0.0
        var place = 0.0
        private var rate: Int

        static func format(_ rate: Int) -> TrackFormat {
            TrackFormat(AudioFormat(sampleFormat: .float, sampleRate: rate, channelCount: 1), pace: .exact)
        }

        init(rate: Int) throws {
            self.rate = rate
            let audio = AudioFormat(sampleFormat: .float, sampleRate: TrackResamplingTests.rate, channelCount: 1)
            mixer = try TrackMixer(fileFormat: audio, tracks: [Self.format(rate)])
        }

        mutating func begin(rate: Int) throws {
            self.rate = rate
            try mixer.begin(Self.format(rate), track: 0)
        }

        /// Frames from `place` on, in pieces.
        mutating func play(_ frameCount: Int, using random: inout Random) {
            let ratio = Double(TrackResamplingTests.rate) / Double(rate)
            let end = place + Double(frameCount) * ratio
            let before = heard.last?.end ?? 0
            // What follows within a frame is the same stretch.
            if let last = heard.last, last.rate == rate, abs(place - last.end) < 1e-6 {
                heard[heard.count - 1].end = end
            } else if end > before {
                heard.append((max(place, before), end, rate))
            }
            if place < before - 1e-6 {
                lateFrames += min(end, before) - place
                lateEvents += 1
            }
            sourceFrameCount += Int64(frameCount)
            var given = 0
            while given < frameCount {
                let count = min(frameCount - given, random.below(700))
                let first = place + Double(given) * ratio
                let frames = (0..<count).map { TrackResamplingTests.tone(first + Double($0) * ratio) }
                given += mixer.put(frames, track: 0, at: first)
                read()
            }
            place = end
        }

        mutating func read() {
            mixer.advanceClock(to: HostTime(nanoseconds: 1))
            _ = mixer.readAll { bytes in
                for index in 0..<bytes.count / 4 {
                    var word: UInt32 = 0
                    for byte in 0..<4 { word |= UInt32(bytes[4 * index + byte]) << (8 * UInt32(byte)) }
                    file.append(Float(bitPattern: word))
                }
            }
        }

        mutating func end() {
            mixer.end(track: 0)
            read()
        }
    }

    // REC-1, REC-2, REC-4
    @Test func `Each stretch of another rate is at its time, whole, and as clean as its resampler`() throws {
        var worstNoise = -Double.infinity
        var stretchCount = 0
        for seed in 0..<400 {
            var random = Random(seed: UInt64(seed))
            let rates = [8000, 11025, 22050, 24000, 32000, 44100, 48000]
            var rate = rates[random.below(rates.count)]
            var player = try Player(rate: rate)
            player.place = 1 + 500 * random.unit()
            for _ in 0..<6 {
                player.play(rate / 20 + random.below(rate / 4), using: &random)
                switch random.below(6) {
                case 0: break
                case 1: player.place += 100 + 3000 * random.unit()
                case 2: player.place -= 20 + 300 * random.unit()
                case 3:
                    player.place += 100 + 3000 * random.unit()
                    player.mixer.leaveOut(track: 0, until: player.place - 50)
                case 4:
                    rate = rates[random.below(rates.count)]
                    try player.begin(rate: rate)
                    player.place += 100 + 500 * random.unit()
                default: player.play(1 + random.below(3), using: &random)
                }
            }
            player.end()
            let counts = player.mixer.counts(track: 0)
            #expect(counts.sourceFrameCount == player.sourceFrameCount, "seed \(seed)")
            #expect(counts.frameCount == Int64(player.file.count), "seed \(seed)")
            let placed = player.heard.reduce(0) { $0 + $1.end - $1.start }
            let slack = Double(player.heard.count) + 3 * player.lateEvents
            #expect(abs(Double(counts.placedFrameCount) - placed) <= slack, "seed \(seed)")
            #expect(abs(Double(counts.droppedFrameCount) - player.lateFrames) <= slack, "seed \(seed)")
            // What was left out at the very end.
            var silent = max(0, Double(player.file.count) - (player.heard.last?.end ?? 0))
            for (index, stretch) in player.heard.enumerated() {
                let before = index == 0 ? 0 : player.heard[index - 1].end
                if stretch.start > before { silent += stretch.start - before }
                // Silence is zeros, but for a frame on each side.
                for position in stride(from: Int(before + 3), to: Int(stretch.start - 2), by: 1) {
                    #expect(player.file[position] == 0, "seed \(seed): \(position)")
                }
                guard let (delay, noise) = Self.fit(player.file, stretch) else { continue }
                stretchCount += 1
                worstNoise = max(worstNoise, noise)
                #expect(abs(delay) <= 0.5 + (player.lateEvents > 0 ? 2 : 0.01), "seed \(seed): \(delay) frames")
            }
            #expect(abs(Double(counts.silentFrameCount) - silent) <= slack, "seed \(seed)")
        }
        #expect(stretchCount > 1500)
        #expect(worstNoise < -110, "\(worstNoise) dB")
    }

    /// How many frames late the tone is in a stretch, and what in it is not the tone, in dB; away from its edges.
    private static func fit(
        _ file: [Float],
        _ stretch: (start: Double, end: Double, rate: Int)
    ) -> (delay: Double, noise: Double)? {
        let edge = 64 * max(1, Double(rate) / Double(stretch.rate))
        let range = Int(stretch.start + edge)..<Int(max(stretch.start + edge, stretch.end - edge))
        guard range.count > 200 else { return nil }
        // Least squares for a sine and a cosine.
        var (ss, cc, sc, sy, cy, yy) = (0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
        for position in range {
            let (s, c) = (sin(Double(position) * step), cos(Double(position) * step))
            let y = Double(file[position])
            ss += s * s
            cc += c * c
            sc += s * c
            sy += s * y
            cy += c * y
            yy += y * y
        }
        let determinant = ss * cc - sc * sc
        let (a, b) = ((sy * cc - cy * sc) / determinant, (cy * ss - sy * sc) / determinant)
        let rest = max(1e-30, yy - a * sy - b * cy)
        return (-atan2(b, a) / step, 10 * log10(rest / yy))
    }
}
