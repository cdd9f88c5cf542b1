import Audio
import Capture
import TestSupport
import Testing

@testable import RecorderIO

@Suite struct TrackTimelineTests {
    // REC-1, REC-2
    @Test func `Without faults every frame passes at once, in its place`() {
        for seed in 0..<200 {
            var random = Random(seed: UInt64(seed))
            var device = SyntheticDevice()
            device.rate = [8000, 16000, 44100, 48000, 192_000][seed % 5]
            device.periodFrameCount = Int64(device.rate) / [2, 4, 50, 200][seed % 4]
            device.readsInPart = seed % 3 == 0
            let take = device.take(using: &random)
            let placement = Placement(of: take, device)
            #expect(placement.gaps == [], "seed \(seed)")
            #expect(placement.longestHold == 0, "seed \(seed)")
            #expect(placement.frameCount == take.capturedFrameCount, "seed \(seed)")
            #expect(placement.worstError == 0, "seed \(seed)")
        }
    }

    // CAP-5: the length of what a driver reports is not its word, but the clock's.
    @Test(arguments: [Gap.Cause.xrun, .suspend, .ringFull, .deviceLost])
    func `Frames after a reported gap are exactly where they were captured`(cause: Gap.Cause) {
        for seed in 0..<200 {
            var random = Random(seed: UInt64(seed))
            let lost = Int64(1 + random.below(200_000))
            let first = Int64(24_000 + random.below(200_000))
            let device = SyntheticDevice(
                periodFrameCount: [480, 4800, 12000][seed % 3],
                faults: [.reported(cause, at: first, frameCount: lost)],
                seconds: 12
            )
            let take = device.take(using: &random)
            let placement = Placement(of: take, device)
            #expect(placement.gaps == [Gap(firstFrame: first, frameCount: lost, cause: cause)], "seed \(seed)")
            #expect(placement.worstError == 0, "seed \(seed)")
            #expect(placement.frameCount == take.capturedFrameCount + lost, "seed \(seed)")
        }
    }

    // CAP-5: found within one buffer, and filled exactly.
    @Test func `A loss that nobody reports is found, and filled to its exact length`() {
        for seed in 0..<200 {
            var random = Random(seed: UInt64(seed))
            let period: Int64 = [480, 4800, 12000][seed % 3]
            let lost = Int64(1500 + random.below(100_000))
            let first = Int64(150_000 + random.below(100_000))
            let device = SyntheticDevice(
                periodFrameCount: period,
                faults: [.loss(at: first, frameCount: lost)],
                seconds: 10
            )
            let take = device.take(using: &random)
            let placement = Placement(of: take, device)
            #expect(placement.gaps.map(\.frameCount) == [lost], "seed \(seed)")
            #expect(placement.gaps.map(\.cause) == [.unreported], "seed \(seed)")
            // Its place is known as exactly as the device was looked at.
            let error = first - (placement.gaps.first?.firstFrame ?? 0)
            #expect(error >= 0 && error <= period + 10, "seed \(seed): \(error)")
            #expect(placement.worstError == 0, "seed \(seed)")
            // Held back only until it is settled.
            #expect(placement.longestHold <= 0.4 + 0.26, "seed \(seed)")
        }
    }

    // CAP-5
    @Test(arguments: [-200.0, -100, -20, 20, 100, 200])
    func `A drift of the device's clock is never taken for a gap`(ppm: Double) {
        for (index, jitter) in [0, 0.004, 0.02].enumerated() {
            for period in [240, 2400, 12000, 96000] as [Int64] {
                var random = Random(seed: UInt64(index))
                let device = SyntheticDevice(
                    driftPPM: ppm,
                    periodFrameCount: period,
                    jitterSeconds: jitter,
                    seconds: [240: 6, 2400: 40][period] ?? 120
                )
                let take = device.take(using: &random)
                let placement = Placement(of: take, device)
                #expect(placement.gaps == [], "jitter \(jitter), period \(period)")
                #expect(placement.frameCount == take.capturedFrameCount)
            }
        }
    }

    // CAP-5
    @Test func `Uneven times are never taken for a gap`() {
        for seed in 0..<200 {
            var random = Random(seed: UInt64(seed))
            let device = SyntheticDevice(
                driftPPM: 200 * (2 * random.unit() - 1),
                periodFrameCount: [256, 1024, 4800, 12000][seed % 4],
                jitterSeconds: 0.02 * random.unit(),
                seconds: 30
            )
            let placement = Placement(of: device.take(using: &random), device)
            #expect(placement.gaps == [], "seed \(seed)")
        }
    }

    // CAP-5
    @Test func `Frames that only come late leave no gap, however late`() {
        for seed in 0..<200 {
            var random = Random(seed: UInt64(seed))
            var device = SyntheticDevice(driftPPM: 100 * (2 * random.unit() - 1), seconds: 20)
            device.periodFrameCount = [480, 4800, 12000][seed % 3]
            var place: Int64 = 0
            while place < 12 * 48000 {
                place += Int64(20_000 + random.below(300_000))
                device.faults.append(.stall(at: place, seconds: 0.005 + 1.5 * random.unit()))
                place += 100_000
            }
            let take = device.take(using: &random)
            let placement = Placement(of: take, device)
            #expect(placement.gaps == [], "seed \(seed)")
            #expect(placement.frameCount == take.capturedFrameCount, "seed \(seed)")
        }
    }

    // CAP-5: each at its place, also where the next comes before the last is settled.
    @Test func `Several faults in a row are each filled at their own place`() {
        for seed in 0..<400 {
            var random = Random(seed: UInt64(seed))
            var device = SyntheticDevice(periodFrameCount: [480, 2400, 4800][seed % 3], seconds: 12)
            var place = Int64(120_000 + random.below(50_000))
            var lost: Int64 = 0
            for _ in 0..<(2 + random.below(4)) {
                let count = Int64(2000 + random.below(20_000))
                let kind = random.below(3)
                device.faults.append(
                    kind == 0
                        ? .loss(at: place, frameCount: count)
                        : .reported(kind == 1 ? .xrun : .suspend, at: place, frameCount: count)
                )
                lost += count
                // At least three periods apart, so that each is seen; mostly inside of the settling window.
                place += count + 3 * device.periodFrameCount + Int64(random.below(20_000))
            }
            let take = device.take(using: &random)
            let placement = Placement(of: take, device)
            #expect(placement.worstError == 0, "seed \(seed): \(device.faults) \(placement.gaps)")
            #expect(placement.gaps.reduce(0) { $0 + $1.frameCount } == lost, "seed \(seed)")
            #expect(placement.gaps.count == device.faults.count, "seed \(seed): \(placement.gaps)")
            // REC-2
            #expect(placement.frameCount == take.capturedFrameCount + lost, "seed \(seed)")
            #expect(placement.placedFrameCount == take.capturedFrameCount, "seed \(seed)")
            // REC-3: looked at in each period, but not within a fault.
            #expect(placement.longestHold <= 2.0 + 0.1 + 0.46, "seed \(seed): \(placement.longestHold)")
        }
    }

    // CAP-5, with everything at once: places are right to what cannot be known.
    @Test func `Whatever happens, frames are within their uncertainty of their place`() {
        for seed in 0..<200 {
            var random = Random(seed: UInt64(seed))
            let ppm = 200 * (2 * random.unit() - 1)
            let jitter = seed % 2 == 0 ? 0 : 0.005 * random.unit()
            var device = SyntheticDevice(
                driftPPM: ppm,
                periodFrameCount: [480, 4800, 12000][seed % 3],
                jitterSeconds: jitter,
                readsInPart: seed % 5 == 0,
                seconds: 25
            )
            var place = Int64(150_000)
            var away = 0.0
            while place < 20 * 48000 {
                place += Int64(60_000 + random.below(200_000))
                let count = Int64(3000 + random.below(40_000))
                switch random.below(5) {
                case 0: device.faults.append(.reported(.xrun, at: place, frameCount: count))
                case 1: device.faults.append(.reported(.suspend, at: place, frameCount: count))
                case 2: device.faults.append(.reported(.deviceLost, at: place, frameCount: 3 * count))
                case 3: device.faults.append(.loss(at: place, frameCount: count))
                default: device.faults.append(.stall(at: place, seconds: random.unit()))
                }
                if case .stall = device.faults[device.faults.count - 1] {
                } else {
                    away += 2.5 + 3 * Double(count) / 48000
                }
                place += 3 * count
            }
            let take = device.take(using: &random)
            let placement = Placement(of: take, device)
            // Up to the first ten seconds the rate is not known; each gap may add the jitter.
            let bound = abs(ppm) * 1e-6 * away * 48000 + Double(device.faults.count) * (jitter * 48000 + 2)
            #expect(Double(abs(placement.worstError)) <= bound, "seed \(seed): \(placement.worstError), \(bound)")
            #expect(placement.placedFrameCount == take.capturedFrameCount, "seed \(seed)")
            let silent = placement.gaps.reduce(0) { $0 + $1.frameCount }
            #expect(placement.frameCount == take.capturedFrameCount + silent, "seed \(seed)")
        }
    }

    // CAP-5: a device that stays away is silence until the stop, and delays the writer by a second at most (REC-3).
    @Test func `A device that is lost at the end leaves silence up to the stop`() {
        for seed in 0..<200 {
            var random = Random(seed: UInt64(seed))
            let device = SyntheticDevice(
                periodFrameCount: [480, 12000][seed % 2],
                seconds: 9,
                isLostFrom: 3 + 5 * random.unit()
            )
            let take = device.take(using: &random)
            let placement = Placement(of: take, device)
            let gap = Gap(
                firstFrame: take.capturedFrameCount,
                frameCount: take.gridFrameCount - take.capturedFrameCount,
                cause: .deviceLost
            )
            #expect(placement.gaps.count == 1, "seed \(seed)")
            #expect(placement.gaps.first?.firstFrame == gap.firstFrame, "seed \(seed)")
            #expect(abs((placement.gaps.first?.frameCount ?? 0) - gap.frameCount) <= 1, "seed \(seed)")
        }
    }

    // CAP-5
    @Test func `A stop during a fault loses nothing of the timeline`() {
        for seed in 0..<200 {
            var random = Random(seed: UInt64(seed))
            let first = Int64(5 * 48000 - 1000 - random.below(30_000))
            let fault: SyntheticDevice.Fault =
                seed % 2 == 0
                ? .loss(at: first, frameCount: Int64(2000 + random.below(40_000)))
                : .reported(.xrun, at: first, frameCount: Int64(2000 + random.below(40_000)))
            let device = SyntheticDevice(periodFrameCount: 4800, faults: [fault], seconds: 5)
            let take = device.take(using: &random)
            let placement = Placement(of: take, device)
            #expect(placement.placedFrameCount == take.capturedFrameCount, "seed \(seed)")
            // What was away for less than is known to be a loss may be missing at the end, and no more.
            let missing = take.gridFrameCount - placement.frameCount
            #expect(missing >= -1 && missing <= (seed % 2 == 0 ? 4800 + 2400 : 1), "seed \(seed): \(missing) \(fault)")
            #expect(placement.worstError == 0, "seed \(seed)")
        }
    }

    // CAP-5: the first seconds, when nothing is known of the device yet.
    @Test func `A loss right after the start is found`() {
        for seed in 0..<200 {
            var random = Random(seed: UInt64(seed))
            let device = SyntheticDevice(
                periodFrameCount: [480, 4800, 12000][seed % 3],
                faults: [.loss(at: Int64(20_000 + random.below(60_000)), frameCount: 4800)],
                seconds: 6
            )
            let placement = Placement(of: device.take(using: &random), device)
            #expect(placement.gaps.map(\.frameCount) == [4800], "seed \(seed)")
        }
    }

    // CAP-5: a machine that stalled does not make the next loss invisible.
    @Test func `A small loss is found soon after a long stall`() {
        for seed in 0..<200 {
            var random = Random(seed: UInt64(seed))
            let device = SyntheticDevice(
                periodFrameCount: [480, 4800, 12000][seed % 3],
                faults: [
                    .stall(at: 200_000, seconds: 0.2 + random.unit()), .stall(at: 280_000, seconds: 0.3),
                    .loss(at: 350_000, frameCount: 960),
                ],
                seconds: 12
            )
            let placement = Placement(of: device.take(using: &random), device)
            #expect(placement.gaps.map(\.frameCount) == [960], "seed \(seed)")
        }
    }

    // CAP-6: hours, before and after which the device's rate is another than the nominal.
    @Test func `After hours without the device nothing more is taken for a gap, and its rate is still its own`() {
        for seed in 0..<6 {
            var random = Random(seed: UInt64(seed))
            let ppm = 100 * (2 * random.unit() - 1)
            let device = SyntheticDevice(
                driftPPM: ppm,
                periodFrameCount: 12000,
                faults: [.reported(.deviceLost, at: 8 * 48000 + 123, frameCount: 3600 * 48000)],
                seconds: 3600 + 120
            )
            let placement = Placement(of: device.take(using: &random), device)
            #expect(placement.gaps.count == 1, "seed \(seed): \(placement.gaps)")
            let measured = placement.timeline.clock.measuredRate ?? 0
            #expect(abs(measured / 48000 - 1 - ppm * 1e-6) < 1e-6, "seed \(seed): \(measured)")
        }
    }

    // CAP-4: where there is no clock, a frame's place is its count.
    @Test(arguments: [48000, 4800, 480] as [Int64])
    func `A device without a clock never gets a gap`(chunk: Int64) {
        var random = Random(seed: UInt64(chunk))
        let format = AudioFormat(sampleFormat: .s16, sampleRate: 48000, channelCount: 1)
        var timeline = TrackTimeline(format: format, periodFrameCount: Int(chunk) / 4)
        var captured: Int64 = 0
        var placed: Int64 = 0
        var time = SyntheticDevice.origin
        var wasLost = false
        while captured < 48000 * 60 {
            captured += chunk
            // As fast as it is read; now and then the ring is full for a while.
            time +=
                Int64(20_000 + random.below(10_000)) + (random.below(500) == 0 && captured > 96000 ? 3_000_000_000 : 0)
            timeline.accept(
                CaptureBlock(
                    kind: .frames,
                    frameCount: chunk,
                    deliveredFrameCount: captured,
                    hostTime: HostTime(nanoseconds: time),
                    discontinuity: random.below(300) == 0 && captured > 96000 ? .xrun : nil
                )
            )
            while let step = timeline.nextStep(now: HostTime(nanoseconds: time)) {
                guard case .frames(let count) = step else {
                    wasLost = true
                    break
                }
                placed += count
            }
        }
        timeline.accept(CaptureBlock(kind: .stopped, hostTime: HostTime(nanoseconds: time + 5_000_000_000)))
        #expect(timeline.nextStep(now: HostTime(nanoseconds: time + 5_000_000_000)) == nil)
        #expect(!wasLost)
        #expect(placed == captured)
        #expect(timeline.clock.isFreeRunning)
        #expect(timeline.clock.measuredRate == nil)
    }

    // REC-1
    @Test func `The recording starts when its first frame was captured`() {
        let format = AudioFormat(sampleFormat: .s16, sampleRate: 48000, channelCount: 1)
        var timeline = TrackTimeline(format: format, periodFrameCount: 4800)
        #expect(timeline.startTime == nil)
        timeline.accept(
            CaptureBlock(
                kind: .frames,
                frameCount: 4800,
                deliveredFrameCount: 4800,
                hostTime: HostTime(nanoseconds: 1_000_000_000)
            )
        )
        #expect(timeline.startTime == HostTime(nanoseconds: 900_000_000))
    }

    // CAP-5
    @Test func `A device that was lost before its first frame starts the recording when it comes`() {
        let format = AudioFormat(sampleFormat: .s16, sampleRate: 48000, channelCount: 1)
        var timeline = TrackTimeline(format: format, periodFrameCount: 4800)
        timeline.accept(CaptureBlock(kind: .lost, hostTime: HostTime(nanoseconds: 1_000_000_000)))
        #expect(timeline.isLost)
        #expect(timeline.nextStep(now: HostTime(nanoseconds: 9_000_000_000)) == nil)
        timeline.accept(
            CaptureBlock(
                kind: .frames,
                frameCount: 4800,
                deliveredFrameCount: 4800,
                hostTime: HostTime(nanoseconds: 9_000_000_000),
                discontinuity: .deviceLost
            )
        )
        #expect(!timeline.isLost)
        #expect(timeline.nextStep(now: HostTime(nanoseconds: 9_000_000_000)) == .frames(4800))
        #expect(timeline.nextStep(now: HostTime(nanoseconds: 9_000_000_000)) == nil)
    }
}
