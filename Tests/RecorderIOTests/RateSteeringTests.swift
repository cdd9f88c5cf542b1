import TestSupport
import Testing

@testable import RecorderIO

/// REC-1
@Suite struct RateSteeringTests {
    /// A source whose clock is off by so much, steered for a while; the errors in it, and how quickly the ratio changed at most.
    private func run(
        drift: Double,
        seconds: Double,
        interval: Double = 0.5,
        noise: Double = 0,
        _ steering: inout RateSteering
    ) -> (worst: Double, last: Double, slew: Double) {
        var random = Random(seed: 9)
        var (error, worst, slew) = (0.0, 0.0, 0.0)
        var deviation = steering.deviation
        for turn in 0..<Int(seconds / interval) {
            steering.observe(error: error + noise * (2 * random.unit() - 1))
            for _ in 0..<Int(interval / 0.02) {
                let next = steering.advance(by: 0.02)
                slew = max(slew, abs(next - deviation) / 0.02)
                error += (drift - (next + deviation) / 2) * 0.02
                deviation = next
            }
            if turn > 0 { worst = max(worst, abs(error)) }
        }
        return (worst, error, slew)
    }

    @Test(arguments: [0.02, 0.1, 0.5, 1.0])
    func `A drift is learnt, and followed within 0.3 ms`(interval: Double) {
        for ppm in [-200.0, -50, 0, 50, 200] {
            var steering = RateSteering()
            let result = run(drift: ppm * 1e-6, seconds: 300, interval: interval, &steering)
            #expect(result.worst < 0.0003, "\(ppm) ppm: \(result)")
            #expect(abs(result.last) < 1e-6)
            #expect(abs(steering.drift - ppm * 1e-6) < 1e-7)
            // After a gap it is known.
            steering.restart()
            #expect(run(drift: ppm * 1e-6, seconds: 60, interval: interval, &steering).worst < 1e-6)
        }
    }

    @Test func `A thousand parts per million are followed too`() {
        for ppm in [-1000.0, 1000] {
            var steering = RateSteering()
            let result = run(drift: ppm * 1e-6, seconds: 300, &steering)
            #expect(result.worst < 0.002, "\(ppm) ppm: \(result)")
            #expect(abs(result.last) < 1e-5)
        }
    }

    // A step of the ratio would be heard as one of pitch.
    @Test func `The ratio never changes by more than 500 ppm in a second, nor is it more than 1600 ppm off`() {
        var steering = RateSteering()
        let result = run(drift: 0.001, seconds: 600, noise: 0.005, &steering)
        #expect(result.slew <= RateSteering.slewPerSecond * 1.000001)
        #expect(abs(steering.deviation) <= RateSteering.deviationLimit)
        #expect(result.worst < 0.006)
    }
}
