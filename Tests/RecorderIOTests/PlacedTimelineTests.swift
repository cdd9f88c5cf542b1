import Audio
import Capture
import TestSupport
import Testing

@testable import RecorderIO

/// REC-1: what an application says of its frames' times.
@Suite struct PlacedTimelineTests {
    private func time(_ seconds: Double) -> HostTime { HostTime(nanoseconds: 3_000_000_000_000 + Int64(seconds * 1e9)) }

    @Test func `Exact times stand as they are`() {
        var timeline = PlacedTimeline(nominalRate: 24000, isExact: true)
        for seconds in [0, 0.02, 0.5, 0.3, 100] {
            #expect(timeline.accept(frameCount: 480, at: time(seconds)) == time(seconds))
        }
    }

    @Test(arguments: [-200.0, 0, 200])
    func `Uneven times become even ones`(ppm: Double) {
        var random = Random(seed: 4)
        var timeline = PlacedTimeline(nominalRate: 24000, isExact: false)
        var worst = 0.0
        for block in 0..<30_000 {
            let seconds = Double(block) * 0.02 / (1 + ppm * 1e-6)
            let given = timeline.accept(frameCount: 480, at: time(seconds + 0.004 * random.unit()))
            if block > 100 { worst = max(worst, abs(given.seconds(since: time(seconds)))) }
        }
        #expect(worst < 0.001, "\(worst)")
    }

    @Test func `A pause is one at once, to its full length`() {
        var timeline = PlacedTimeline(nominalRate: 24000, isExact: false)
        var last = time(0)
        for block in 0..<100 { last = timeline.accept(frameCount: 480, at: time(Double(block) * 0.02)) }
        #expect(abs(last.seconds(since: time(1.98))) < 1e-6)
        for pause in [0.05, 3, -0.5] {
            let at = last.seconds(since: time(0)) + 0.02 + pause
            last = timeline.accept(frameCount: 480, at: time(at))
            #expect(abs(last.seconds(since: time(at))) < 1e-6, "\(pause)")
        }
    }

    // CAP-4
    @Test func `A moment and a frame are each other's inverse on a device's clock`() throws {
        var clock = DeviceClock(nominalRate: 48000)
        #expect(Timebase.device.place(at: time(1), input: clock, rate: 48000) == nil)
        for second in 0..<60 {
            clock.observe(frameCount: Int64(Double(second) * 48004.8), at: time(Double(second)))
        }
        for frame in [0, 1, 48000, 1_000_000, 3_000_000_000] as [Int64] {
            let place = try #require(clock.hostTime(ofFrame: frame).flatMap { clock.frame(at: $0) })
            #expect(abs(place - Double(frame)) < 1e-3)
        }
        let there = try #require(Timebase.device.place(at: time(30), input: clock, rate: 48000))
        #expect(abs(there - 30 * 48004.8) < 1)
        #expect(Timebase.host(zero: time(10)).place(at: time(10.5), input: nil, rate: 16000) == 8000)
        // Another device's frame, on the same timeline.
        var other = DeviceClock(nominalRate: 16000)
        for second in 0..<60 { other.observe(frameCount: Int64(second) * 16000, at: time(Double(second) + 5)) }
        let place = try #require(Timebase.device.place(ofFrame: 16000, of: other, input: clock, rate: 48000))
        #expect(abs(place - 6 * 48004.8) < 1)
    }
}
