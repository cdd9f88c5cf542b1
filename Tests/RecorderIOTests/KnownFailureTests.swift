import Audio
import TestSupport
import Testing

@testable import RecorderIO

/// What other recorders of two sides get wrong, each beside a recorder that works as they do: the same check finds it wrong by
/// as much as they are, and ours right.
@Suite struct KnownFailureTests {
    private static let rate = 16000
    private static let mono = AudioFormat(sampleFormat: .s16, sampleRate: rate, channelCount: 1)

    // REC-1: 49 ms in a second.
    @Test func `Counted buffers drift by 49 ms in a second of pauses between them, timed ones do not`() throws {
        let buffer = [Int16(1)] + [Int16](repeating: 2, count: Self.rate / 50 - 1)
        // 20 ms of sound each, begun every 21.03 ms.
        let interval = 0.02 / (1 - 0.049)
        var mixer = try TrackMixer(fileFormat: Self.mono, tracks: [TrackFormat(Self.mono, pace: .exact)])
        let timebase = Timebase(zero: .host(HostTime(nanoseconds: 9_000_000_000)), rate: Self.rate)
        var counted: [Int16] = []
        var timed: [Int16] = []
        var begun: [Double] = []
        for index in 0..<2853 {
            let seconds = Double(index) * interval
            begun.append(seconds)
            counted += buffer
            let time = HostTime(nanoseconds: 9_000_000_000 + Int64(seconds * 1e9))
            let place = try #require(timebase.place(of: time))
            #expect(mixer.put(buffer, track: 0, at: place) == buffer.count)
            mixer.advanceClock(to: time)
            _ = mixer.readAll { timed += SampleBytes.values($0, .s16).map { Int16($0 >> 16) } }
        }
        /// How much too early the last buffer is, in seconds.
        func error(_ file: [Int16]) -> Double {
            let places = file.indices.filter { file[$0] == 1 }
            #expect(places.count == begun.count)
            return zip(begun, places).map { $0 - Double($1) / Double(Self.rate) }.max { abs($0) < abs($1) } ?? 0
        }
        let length = Double(begun.count) * interval
        #expect(abs(error(counted) / length - 0.049) < 0.0005)
        #expect(abs(error(timed)) <= 0.5 / Double(Self.rate) + 1e-9)
    }

    // REC-4: a tail of 15 to 35 ms in each segment.
    @Test func `A resampler that is not flushed loses the tail of each segment, ours does not`() throws {
        let source = AudioFormat(sampleFormat: .float, sampleRate: 8000, channelCount: 1)
        var random = Random(seed: 11)
        var mixer = try TrackMixer(fileFormat: Self.mono, tracks: [TrackFormat(source, pace: .exact)])
        let unflushed = try Resampler(channelCount: 1)
        var losses: [Double] = []
        var ours: [Double] = []
        var place = 0.0
        for _ in 0..<200 {
            let count = 2000 + random.below(4000)
            let frames = [Float](repeating: 0.25, count: count)
            // It hands on whole buffers of 30 ms, and begins anew with the next segment.
            unflushed.reset()
            var made = 0
            for first in stride(from: 0, to: count, by: 400) {
                made += unflushed.process(Array(frames[first..<min(count, first + 400)]), ratio: 2)
            }
            made -= made % (Self.rate * 30 / 1000)
            losses.append(Double(2 * count - made) / Double(Self.rate))

            let before = mixer.counts(track: 0).placedFrameCount
            var given = 0
            while given < count {
                given += mixer.put(Array(frames[given...]), track: 0, at: place + 2 * Double(given))
                mixer.advanceClock(to: HostTime(nanoseconds: 1))
                _ = mixer.readAll { _ in }
            }
            place += Double(2 * count + 1600)
            mixer.leaveOut(track: 0, until: place)
            let placed = mixer.counts(track: 0).placedFrameCount - before
            ours.append(Double(Int64(2 * count) - placed) / Double(Self.rate))
        }
        let mean = losses.reduce(0, +) / 200
        #expect(mean > 0.015 && mean < 0.035, "\(mean)")
        #expect(losses.allSatisfy { $0 > 0.005 })
        #expect(ours.allSatisfy { abs($0) <= 1.01 / Double(Self.rate) }, "\(ours.max() ?? 0)")
    }

    // REC-5: 9.6 s at the close.
    @Test func `What came after the other side's last word is in the file, for 9.6 s and more`() throws {
        let wide = AudioFormat(sampleFormat: .s16, sampleRate: Self.rate, channelCount: 2)
        var mixer = try TrackMixer(
            fileFormat: wide,
            tracks: [
                TrackFormat(Self.mono, pace: .exact, holeCause: .unreported), TrackFormat(Self.mono, pace: .exact),
            ]
        )
        // A recorder that writes a frame once both sides have it, and closes.
        var paired = (input: 0, output: 0)
        let second = [Int16](repeating: 5, count: Self.rate / 10)
        var written: Int64 = 0
        var loud = 0
        for turn in 0..<196 {
            #expect(mixer.put(second, track: 0, at: Double(turn * second.count)) == second.count)
            paired.input += second.count
            if turn < 100 {
                #expect(mixer.put(second, track: 1, at: Double(turn * second.count)) == second.count)
                paired.output += second.count
            }
            mixer.advanceClock(to: HostTime(nanoseconds: Int64(turn) * 100_000_000))
            written += mixer.readAll { loud += SampleBytes.values($0, .s16).filter { $0 != 0 }.count }
        }
        for track in 0..<2 { mixer.end(track: track) }
        written += mixer.readAll { loud += SampleBytes.values($0, .s16).filter { $0 != 0 }.count }
        let heard = Double(paired.input) / Double(Self.rate)
        #expect(abs(heard - Double(min(paired.input, paired.output)) / Double(Self.rate) - 9.6) < 1e-9)
        #expect(Double(written) / Double(Self.rate) == heard)
        #expect(loud == paired.input + paired.output)
    }
}
