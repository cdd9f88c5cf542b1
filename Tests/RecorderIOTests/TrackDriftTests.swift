import Audio
import Foundation
import TestSupport
import Testing

@testable import RecorderIO

/// Two devices, whose clocks are apart, in one file.
@Suite struct TrackDriftTests {
    /// Each device hears the same click every second: one frame of full scale. In the file they are to be at the same place.
    ///
    /// - Returns: how many clicks were compared, and the furthest that two were apart, in seconds, with its time.
    private func clicks(_ input: SyntheticDevice, _ output: SyntheticDevice, seed: UInt64) throws -> (
        count: Int, worst: Double, second: Int
    ) {
        var devices = try TwoDevices([input, output], seed: seed, sampleFormat: .s16)
        let rates = [input, output].map { Double($0.rate) * (1 + $0.driftPPM * 1e-6) }
        let fileRate = Double(input.rate)
        var (left, right): ([Double], [Double]) = ([], [])
        var position: Int64 = 0
        var last = (place: Int64(-1_000_000), value: Int16(0))
        devices.run(zero: Int16(0)) { side, grid, samples, count in
            for index in 0..<count where samples[index] != 0 { samples[index] = 0 }
            let rate = rates[side]
            for second in Int(Double(grid) / rate)...Int(Double(grid + Int64(count)) / rate) + 1 where second > 0 {
                let frame = Int64((Double(second) * rate).rounded()) - grid
                if frame >= 0, frame < count { samples[Int(frame)] = 30_000 }
            }
        } file: { bytes in
            unsafe bytes.withUnsafeBytes { memory in
                let samples = unsafe memory.assumingMemoryBound(to: UInt32.self)
                // Only where something is: an hour has many frames.
                for index in 0..<samples.count where unsafe samples[index] != 0 {
                    let (one, two) = unsafe (Int16(truncatingIfNeeded: samples[index]), samples[index] >> 16)
                    let place = position + Int64(index)
                    if one > 15_000 { left.append(Double(place)) }
                    let value = Int16(truncatingIfNeeded: two)
                    guard value > 8000 else { continue }
                    // The larger of neighbours.
                    if place - last.place > 100 {
                        right.append(Double(place))
                        last = (place, value)
                    } else if value > last.value {
                        right[right.count - 1] = Double(place)
                        last = (place, value)
                    }
                }
            }
            position += Int64(bytes.byteCount / 4)
        }
        var worst = (error: 0.0, second: 0)
        var count = 0
        for (second, place) in left.enumerated() {
            guard let other = right.min(by: { abs($0 - place) < abs($1 - place) }) else { continue }
            let error = (other - place) / fileRate
            guard abs(error) < 0.4 else { continue }
            count += 1
            if abs(error) > abs(worst.error) { worst = (error, second + 1) }
        }
        return (count, worst.error, worst.second)
    }

    // Two clocks 200 ppm apart, which is more than sound cards are; blocks come unevenly.
    @Test(arguments: [-200.0, 200, 0])
    func `For an hour two devices are within a millisecond of each other`(ppm: Double) throws {
        let input = SyntheticDevice(
            rate: 8000,
            driftPPM: ppm / 2,
            periodFrameCount: 2000,
            jitterSeconds: 0.002,
            seconds: 3600
        )
        let output = SyntheticDevice(
            rate: 8000,
            driftPPM: -ppm / 2,
            periodFrameCount: 800,
            jitterSeconds: 0.002,
            seconds: 3600
        )
        let result = try clicks(input, output, seed: 5)
        print("DRIFT", ppm, result)
        #expect(result.count > 3590)
        #expect(abs(result.worst) <= 0.001, "\(result)")
    }
}
