import Foundation
import Glibc
import TestSupport
import Testing

/// An input and an output beside each other, by the whole program.
@Suite(.timeLimit(.minutes(10))) struct TwoTrackTests {
    private static let rate = 16000
    /// After so many clicks, one a second, a track begins anew.
    private static let clickCount = 64
    private static let height: Int16 = 30000
    /// A click's number stands so far behind it.
    private static let numberOffset = 400

    /// A device that clicks at each second of its own clock, which began with the host's.
    private static func device(_ file: String, ppm: Double, _ arguments: String = "") -> String {
        let shape = "FILE=\(file),FORMAT=S16_LE,RATE=\(rate),CHANNELS=1,LOOP=1,BOOT=1,DRIFT=\(ppm)"
        return "fixture:\(shape)\(arguments)"
    }

    private static func clicks(in folder: TemporaryFolder) throws -> String {
        var samples = [Int16](repeating: 0, count: rate * clickCount)
        for click in 0..<clickCount {
            samples[click * rate] = height
            samples[click * rate + numberOffset] = Int16(100 * (click + 1))
        }
        let bytes = samples.flatMap { [UInt8(truncatingIfNeeded: $0), UInt8(truncatingIfNeeded: $0 >> 8)] }
        return try folder.write(Data(bytes), to: "clicks.raw")
    }

    private static func secondsSinceBoot() -> Double {
        var time = timespec()
        unsafe clock_gettime(CLOCK_MONOTONIC, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }

    private static func channels(_ path: String) throws -> (left: [Int16], right: [Int16]) {
        let file = try Data(contentsOf: URL(fileURLWithPath: path))
        let head = try #require(file.range(of: Data("data".utf8), in: 12..<200))
        let bytes = [UInt8](file[(head.upperBound + 4)...])
        let samples = stride(from: 0, to: bytes.count - 3, by: 4)
        func sample(_ index: Int) -> Int16 { Int16(truncatingIfNeeded: Int(bytes[index]) | Int(bytes[index + 1]) << 8) }
        return (samples.map { sample($0) }, samples.map { sample($0 + 2) })
    }

    /// Where the clicks of a track lie that has been resampled, each at the middle of its energy.
    private static func places(in samples: [Int16]) -> [Double] {
        var places: [Double] = []
        var frame = 40
        while frame < samples.count - 40 {
            guard abs(Int(samples[frame])) > 5000 else {
                frame += 1
                continue
            }
            var (weighted, energy) = (0.0, 0.0)
            for index in frame - 30..<min(samples.count, frame + 60) {
                let power = Double(samples[index]) * Double(samples[index])
                weighted += power * Double(index)
                energy += power
            }
            places.append(weighted / energy)
            frame += rate / 2
        }
        return places
    }

    // REC-1, REC-4. `TAPELINE_DRIFT_SECONDS=3600` makes it an hour, in two minutes.
    @Test func `Two devices 200 ppm apart stay aligned within a millisecond`() async throws {
        let tapeline = try Tapeline()
        let clicks = try Self.clicks(in: tapeline.folder)
        let asked = ProcessInfo.processInfo.environment["TAPELINE_DRIFT_SECONDS"].flatMap(Int.init)
        let clock = ["LD_PRELOAD": BuiltProducts.fastClock, "FAST_CLOCK": asked == nil ? "5" : "30"]
        let (inputPPM, outputPPM) = (100.0, -100.0)
        let begin = Self.secondsSinceBoot()
        let outcome = try await tapeline.record(
            Self.device(clicks, ppm: inputPPM, ",ID=input"),
            [
                "--output-track", Self.device(clicks, ppm: outputPPM, ",ID=output"), "--output", "two.wav",
                "--duration", "\(asked ?? 100)",
            ],
            environment: clock
        )
        let recording = try outcome.recording()
        #expect(recording.channels == 2)
        let (left, right) = try Self.channels(recording.path)

        // The input is as it was: its first click's number tells the moment, for the seconds since boot are nearly known.
        let first = try #require(left.firstIndex(of: Self.height))
        let number = Int(left[first + Self.numberOffset]) / 100 - 1
        let (inputRate, outputRate) = (1 + inputPPM * 1e-6, 1 + outputPPM * 1e-6)
        let about = begin * inputRate + 8
        let round = ((about - Double(number)) / Double(Self.clickCount)).rounded()
        let time = (round * Double(Self.clickCount) + Double(number)) / inputRate

        // Where the machine kept the input waiting, the length of its gap is not known as exactly.
        let end = recording.gaps.filter { $0.channels == [1] }.map(\.firstFrame).min() ?? .max
        let places = Self.places(in: right).filter { Int($0) < end }
        let scale = Double(Self.rate) * inputRate
        var worst = 0.0
        for place in places {
            let heard = time + (place - Double(first)) / scale
            let truth = (heard * outputRate).rounded() / outputRate
            worst = max(worst, abs(heard - truth))
        }
        #expect(worst < 0.001, "\(worst * 1000) ms")
    }

    // CAP-2, REC-2
    @Test func `Devices without clocks lie side by side, sample for sample`() async throws {
        let tapeline = try Tapeline()
        let input = Ramp("S16_LE", channels: 1, rate: 48000)
        let output = Ramp("S16_LE", channels: 1, rate: 48000)
        let outcome = try await tapeline.record(
            try tapeline.device(input, frames: 200_000, "SPEED=max"),
            [
                "--output-track", try tapeline.device(output, frames: 200_000, "SPEED=max", "START=1000"), "--output",
                "two.wav", "--segment", "1s",
            ]
        )
        let recording = try outcome.recording()
        #expect(recording.frames == 200_000)
        let manifest = try SegmentTests.Manifest(recording.path)
        #expect(manifest.isContiguous && manifest.segments.count == 5)
        var (left, right): ([Int16], [Int16]) = ([], [])
        for segment in manifest.segments {
            let part = try Self.channels("\(tapeline.folder.path)/\(segment.file)")
            left += part.left
            right += part.right
        }
        let ramp = input.bytes(frames: 200_000)
        let samples = stride(from: 0, to: ramp.count, by: 2).map {
            Int16(truncatingIfNeeded: Int(ramp[$0]) | Int(ramp[$0 + 1]) << 8)
        }
        #expect(left == samples)
        #expect(Array(right.prefix(199_000)) == Array(samples[1000...]))
    }

    // CAP-5, CAP-6
    @Test func `A lost output is a gap of its own channel, and costs the input nothing`() async throws {
        let tapeline = try Tapeline()
        let ramp = Ramp("S16_LE", channels: 1, rate: 48000)
        let outcome = try await tapeline.record(
            try tapeline.device(ramp, frames: 480_000, "ID=input"),
            [
                "--output-track", try tapeline.device(ramp, frames: 480_000, "UNPLUG=96000:1500"), "--output",
                "two.wav",
                "--duration", "6",
            ]
        )
        let recording = try outcome.recording()
        let (left, _) = try Self.channels(recording.path)
        let bytes = ramp.bytes(frames: 288_000)
        let samples = stride(from: 0, to: bytes.count, by: 2).map {
            Int16(truncatingIfNeeded: Int(bytes[$0]) | Int(bytes[$0 + 1]) << 8)
        }
        // Where the machine kept the input waiting, its own gaps tell.
        if !recording.gaps.contains(where: { $0.channels == [1] }) { #expect(left == samples) }
        let lost = recording.gaps.filter { $0.cause == "device_lost" && $0.channels == [2] }
        #expect(lost.reduce(0) { $0 + $1.frames } >= 72_000)
    }
}
