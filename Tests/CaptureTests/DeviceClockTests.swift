import Audio
import Testing

@testable import Capture

@Suite struct DeviceClockTests {
    private static let rate = 48000

    /// Feeds a clock with what a device of this drift shows every `interval` seconds.
    private func run(
        _ clock: inout DeviceClock,
        seconds: Double,
        from start: Double = 0,
        interval: Double = 0.25,
        ppm: Double,
        granularity: Double = 1 / 48000.0,
        lateness: (Int) -> Double = { _ in 0 }
    ) {
        var index = 0
        while Double(index) * interval < seconds {
            let time = start + Double(index) * interval
            // The device counts in steps, and what it counted may be told late.
            let counted = (time / granularity).rounded(.down) * granularity
            let frames = Int64((counted * Double(Self.rate) * (1 + ppm * 1e-6)).rounded(.down))
            let late = Int64((time + lateness(index)) * 1e9)
            clock.observe(frameCount: frames, at: HostTime(nanoseconds: 7_000_000_000 + late))
            index += 1
        }
    }

    // CAP-4
    @Test(arguments: [0.0, 100, -100, 1000, -1000, 12.5])
    func `The measured rate is within 1 ppm over minutes`(ppm: Double) throws {
        var clock = DeviceClock(nominalRate: Self.rate)
        run(&clock, seconds: 300, ppm: ppm)
        let measured = try #require(clock.measuredRate)
        #expect(abs(measured / Double(Self.rate) - 1 - ppm * 1e-6) < 1e-6)
        #expect(!clock.isFreeRunning)
    }

    // CAP-4
    @Test(arguments: [0.0, 100, -1000])
    func `A driver that counts in steps of 4 ms is measured as well`(ppm: Double) throws {
        var clock = DeviceClock(nominalRate: Self.rate)
        run(&clock, seconds: 600, interval: 0.0213, ppm: ppm, granularity: 0.004)
        let measured = try #require(clock.measuredRate)
        #expect(abs(measured / Double(Self.rate) - 1 - ppm * 1e-6) < 1e-6)
    }

    // CAP-4: only the least late observations count.
    @Test(arguments: [0.0, 100, -100])
    func `Observations that are up to 50 ms late do not move the rate`(ppm: Double) throws {
        var clock = DeviceClock(nominalRate: Self.rate)
        // An irrational step fills 0 to 50 ms evenly, and is the same in each run.
        run(&clock, seconds: 600, interval: 0.02, ppm: ppm) { index in
            0.05 * (Double(index) * 0.618_033_988_749_895).truncatingRemainder(dividingBy: 1)
        }
        let measured = try #require(clock.measuredRate)
        #expect(abs(measured / Double(Self.rate) - 1 - ppm * 1e-6) < 1e-6)
    }

    // CAP-4
    @Test func `No rate is told before ten seconds have been seen`() {
        var clock = DeviceClock(nominalRate: Self.rate)
        run(&clock, seconds: 10, ppm: 0)
        #expect(clock.measuredRate == nil)
        run(&clock, seconds: 5, from: 10, ppm: 0)
        #expect(clock.measuredRate != nil)
    }

    // CAP-4
    @Test func `Half a year is measured in the memory of two minutes`() throws {
        var clock = DeviceClock(nominalRate: Self.rate)
        run(&clock, seconds: 15_000_000, interval: 40, ppm: 37)
        let measured = try #require(clock.measuredRate)
        #expect(abs(measured / Double(Self.rate) - 1 - 37e-6) < 1e-9)
        #expect(clock.storedStretchCount <= 128)
        // Reckoned with the measured rate: still right to the frame.
        #expect(abs(clock.usualLateness) < 0.001)
    }

    // CAP-4
    @Test(arguments: [100, 480, 4800, 48000] as [Int64])
    func `A device that runs ahead of the clock has none`(chunk: Int64) {
        var clock = DeviceClock(nominalRate: Self.rate)
        for index in 0..<Int64(48000 * 2 / chunk) {
            clock.observe(frameCount: (index + 1) * chunk, at: HostTime(nanoseconds: 1_000_000_000 + index * 20_000))
        }
        #expect(clock.isFreeRunning)
        #expect(clock.measuredRate == nil)
    }

    // CAP-4: a burst after a stall is no more than was expected.
    @Test func `A device that catches up after it stalled keeps its clock`() {
        var clock = DeviceClock(nominalRate: Self.rate)
        run(&clock, seconds: 20, ppm: 0)
        run(&clock, seconds: 20, from: 25, ppm: 0)
        #expect(!clock.isFreeRunning)
        #expect(abs(clock.usualLateness) < 0.0001)
    }

    // CAP-4, CAP-5
    @Test func `Lateness is what the frames are behind the device's own clock`() throws {
        var clock = DeviceClock(nominalRate: Self.rate)
        #expect(clock.lateness(ofFrame: 0, at: HostTime(nanoseconds: 0)) == nil)
        #expect(clock.hostTime(ofFrame: 0) == nil)
        clock.observe(frameCount: 48000, at: HostTime(nanoseconds: 5_000_000_000))
        #expect(clock.lateness(ofFrame: 48000, at: HostTime(nanoseconds: 5_000_000_000)) == 0)
        #expect(clock.lateness(ofFrame: 48000, at: HostTime(nanoseconds: 5_250_000_000)) == 0.25)
        #expect(clock.lateness(ofFrame: 96000, at: HostTime(nanoseconds: 5_500_000_000)) == -0.5)
        #expect(clock.frameCount(in: 0.25) == 12000)
        #expect(clock.hostTime(ofFrame: 60000) == HostTime(nanoseconds: 5_250_000_000))
    }

    // CAP-5: after hours with a wrong rate, what is usual is reckoned from the new start.
    @Test func `A gap tells nothing of the rate`() throws {
        var clock = DeviceClock(nominalRate: Self.rate)
        run(&clock, seconds: 60, ppm: 80)
        // The gap was filled at the nominal rate, which is wrong by 288 ms in an hour.
        let offset = Int64(60 * 48000 * (1 + 80e-6)) + 3600 * 48000
        for index in 0..<240 {
            let frames = offset + Int64(Double(index) * 12000 * (1 + 80e-6))
            let time = HostTime(nanoseconds: 7_000_000_000 + 3_660_000_000_000 + Int64(index) * 250_000_000)
            if index == 0 {
                clock.restart(frameCount: frames, at: time)
            } else {
                clock.observe(frameCount: frames, at: time)
            }
            let lateness = try #require(clock.lateness(ofFrame: frames, at: time))
            #expect(abs(lateness - clock.usualLateness) < 0.0005)
        }
        let measured = try #require(clock.measuredRate)
        #expect(abs(measured / 48000 - 1 - 80e-6) < 1e-6)
    }

    @Test func `Many short stretches between gaps are measured together`() throws {
        var clock = DeviceClock(nominalRate: Self.rate)
        for stretch in 0..<40 {
            // Five seconds each, and between them an unknown time.
            for index in 0..<21 {
                let frames = Int64(stretch) * 1_000_000 + Int64(Double(index) * 12000 * (1 - 60e-6))
                let nanoseconds = Int64(stretch) * 20_123_456_789 + Int64(index) * 250_000_000
                let time = HostTime(nanoseconds: 1_000_000_000 + nanoseconds)
                if index == 0 {
                    clock.restart(frameCount: frames, at: time)
                } else {
                    clock.observe(frameCount: frames, at: time)
                }
            }
        }
        let measured = try #require(clock.measuredRate)
        #expect(abs(measured / 48000 - 1 + 60e-6) < 2e-6)
    }
}
