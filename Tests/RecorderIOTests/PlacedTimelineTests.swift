import Audio
import Capture
import TestSupport
import Testing

@testable import RecorderIO

/// REC-1: what an application says of its frames' times.
@Suite struct PlacedTimelineTests {
    private func time(_ seconds: Double) -> HostTime { HostTime(nanoseconds: 3_000_000_000_000 + Int64(seconds * 1e9)) }

    private func timeline(isExact: Bool) -> PlacedTimeline {
        let format = AudioFormat(sampleFormat: .s16, sampleRate: 24000, channelCount: 1)
        return PlacedTimeline(TrackFormat(format, pace: isExact ? .exact : .measured))
    }

    @Test func `Exact times stand as they are`() {
        var timeline = self.timeline(isExact: true)
        for seconds in [0, 0.02, 0.5, 0.3, 100] {
            #expect(timeline.accept(time(seconds)) == time(seconds))
            timeline.advance(by: 480)
        }
    }

    @Test(arguments: [-200.0, 0, 200])
    func `Uneven times become even ones`(ppm: Double) {
        var random = Random(seed: 4)
        var timeline = self.timeline(isExact: false)
        var worst = 0.0
        for block in 0..<30_000 {
            let seconds = Double(block) * 0.02 / (1 + ppm * 1e-6)
            let given = timeline.accept(time(seconds + 0.004 * random.unit()))
            timeline.advance(by: 480)
            if block > 100 { worst = max(worst, abs(given.seconds(since: time(seconds)))) }
        }
        #expect(worst < 0.001, "\(worst)")
    }

    @Test func `A pause is one at once, to its full length`() {
        var timeline = self.timeline(isExact: false)
        var last = time(0)
        for block in 0..<100 {
            last = timeline.accept(time(Double(block) * 0.02))
            timeline.advance(by: 480)
        }
        #expect(abs(last.seconds(since: time(1.98))) < 1e-6)
        for pause in [0.05, 3, -0.5] {
            let at = last.seconds(since: time(0)) + 0.02 + pause
            last = timeline.accept(time(at))
            timeline.advance(by: 480)
            #expect(abs(last.seconds(since: time(at))) < 1e-6, "\(pause)")
        }
    }

    // CAP-4
    @Test func `A moment and a frame are each other's inverse on a device's clock`() throws {
        var clock = DeviceClock(nominalRate: 48000)
        var timebase = Timebase(zero: .device, rate: 48000, clock: clock)
        #expect(timebase.place(of: time(1)) == nil)
        for second in 0..<60 {
            clock.observe(frameCount: Int64(Double(second) * 48004.8), at: time(Double(second)))
        }
        for frame in [0, 1, 48000, 1_000_000, 3_000_000_000] as [Int64] {
            let place = try #require(clock.hostTime(ofFrame: frame).flatMap { clock.frame(at: $0) })
            #expect(abs(place - Double(frame)) < 1e-3)
        }
        timebase.clock = clock
        let there = try #require(timebase.place(of: time(30)))
        #expect(abs(there - 30 * 48004.8) < 1)
        #expect(Timebase(zero: .host(time(10)), rate: 16000).place(of: time(10.5)) == 8000)
        // Another device's frame, on the same timeline.
        var other = DeviceClock(nominalRate: 16000)
        for second in 0..<60 { other.observe(frameCount: Int64(second) * 16000, at: time(Double(second) + 5)) }
        let place = try #require(timebase.place(ofFrame: 16000, of: other, isInput: false))
        #expect(abs(place - 6 * 48004.8) < 1)
    }
}
