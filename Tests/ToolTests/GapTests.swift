import Foundation
import Glibc
import TestSupport
import Testing

/// Faults of a device that plays in real time: what is lost is silence of its exact length, and all else is at its true
/// place (CAP-4, CAP-5, REC-2).
///
/// The ramp's frame k is captured at k / rate by the host's clock, so a frame at its true place is also the proof that
/// the file lasts as long as the clock says.
@Suite(.timeLimit(.minutes(10))) struct GapTests {
    static let ramp = Ramp("S32_LE", channels: 2, rate: 48000)

    struct Fault: CustomTestStringConvertible {
        var arguments: [String]
        var seconds = 4
        /// What the gaps must be; their exact places and lengths, unless the driver did not report them.
        var gaps: [Report.Gap]
        /// Lengths that depend on when the device is looked at again: the gap is at least so long, and at most longer by
        /// this many frames.
        var slack = 0
        var testDescription: String { arguments.joined(separator: ",") }
    }

    private static func gap(_ first: Int, _ frames: Int, _ cause: String) -> Report.Gap {
        Report.Gap(firstFrame: first, frames: frames, cause: cause)
    }

    /// How much later than a device is back the program may find it: it looks four times a second.
    private static let reopening = 48000

    static let reported = [
        Fault(arguments: ["XRUN=48000:480"], gaps: [gap(48000, 480, "xrun")]),
        Fault(arguments: ["XRUN=70001:47999"], gaps: [gap(70001, 47999, "xrun")]),
        Fault(arguments: ["XRUN=60000:1"], gaps: [gap(60000, 1, "xrun")], slack: 480),
        Fault(arguments: ["SUSPEND=50000:24000"], gaps: [gap(50000, 24000, "suspend")]),
        Fault(arguments: ["SUSPEND=50000:24000", "RESUME=1"], gaps: [gap(50000, 24000, "suspend")]),
        Fault(
            arguments: ["UNPLUG=48000:3000"],
            seconds: 6,
            gaps: [gap(48000, 144_000, "device_lost")],
            slack: reopening
        ),
        Fault(
            arguments: ["BADFD=48000:3000"],
            seconds: 6,
            gaps: [gap(48000, 144_000, "device_lost")],
            slack: reopening
        ),
        Fault(
            arguments: ["XRUN=30000:1200", "SUSPEND=90000:9600", "UNPLUG=150000:500"],
            seconds: 6,
            gaps: [gap(30000, 1200, "xrun"), gap(90000, 9600, "suspend"), gap(150_000, 24000, "device_lost")],
            slack: reopening
        ),
    ]

    /// Records for so many seconds of the timeline.
    private func record(_ fault: Fault) async throws -> (recording: Report.Recording, runs: [Run]) {
        let tapeline = try Tapeline()
        // Long enough for whatever the fault takes away.
        let device = try tapeline.device(Self.ramp, frames: (fault.seconds + 2) * 48000, "\(fault.testDescription)")
        let recording = try await tapeline.record(device, ["--duration", "\(fault.seconds)"]).recording()
        #expect(recording.frames == fault.seconds * 48000)
        #expect(recording.droppedFrames == 0)
        let sound = try await recording.sound()
        #expect(sound.frames == recording.frames)
        return (recording, Self.ramp.runs(in: sound))
    }

    /// The runs of a recording with these gaps whose every other frame is at its true place. It is also conservation
    /// (REC-2): frames are frames captured and gap frames, no more and no less.
    static func runs(frames: Int, around gaps: [Report.Gap]) -> [Run] {
        var runs: [Run] = []
        var place = 0
        for gap in gaps {
            runs.append(Run(place, gap.firstFrame - place, .ramp(offset: 0)))
            runs.append(Run(gap.firstFrame, gap.frames, .silence))
            place = gap.end
        }
        runs.append(Run(place, frames - place, .ramp(offset: 0)))
        return runs.filter { $0.frames > 0 }
    }

    // CAP-5, CAP-4, REC-1, REC-2
    @Test(arguments: reported) func `A fault that the driver reports leaves silence of its exact length`(
        _ fault: Fault
    ) async throws {
        let (recording, runs) = try await record(fault)
        #expect(recording.gaps.map(\.cause) == fault.gaps.map(\.cause))
        for (found, expected) in zip(recording.gaps, fault.gaps) {
            #expect(found.firstFrame == expected.firstFrame)
            #expect((expected.frames...expected.frames + fault.slack).contains(found.frames))
        }
        #expect(runs == Self.runs(frames: recording.frames, around: recording.gaps))
    }

    // CAP-5: the driver's word is not enough.
    @Test(arguments: [480, 4800, 24000, 48000]) func `A loss that nobody reports is found and filled`(
        _ lost: Int
    ) async throws {
        let first = 72000
        let (recording, runs) = try await record(Fault(arguments: ["LOSE=\(first):\(lost)"], gaps: []))
        try #require(recording.gaps.count == 1)
        let gap = recording.gaps[0]
        #expect(gap.cause == "unreported")
        #expect(gap.frames == lost)
        // Where in a period frames were lost, no clock can tell.
        let period = 12000
        #expect((first - period...first + period).contains(gap.firstFrame))
        let uncertain = gap.firstFrame - period..<gap.end + period
        for run in runs where run.end <= uncertain.lowerBound || run.place >= uncertain.upperBound {
            #expect(run.content == .ramp(offset: 0))
        }
        // The file's silence is what the report says.
        #expect(runs.filter { $0.content == .silence } == [Run(gap.firstFrame, gap.frames, .silence)])
        #expect(runs.last?.content == .ramp(offset: 0))
    }

    // RING-2: the ring holds ten seconds, and the device one more.
    @Test(arguments: [8000, 13000]) func `A disk that stalls costs what neither the ring nor the device can hold`(
        _ milliseconds: Int
    ) async throws {
        let tapeline = try Tapeline()
        let device = try tapeline.device(Self.ramp, frames: 20 * 48000)
        let environment = ["LD_PRELOAD": BuiltProducts.stallingDisk, "STALLING_DISK": "2:\(milliseconds)"]
        let recording = try await tapeline.record(device, ["--duration", "18"], environment: environment).recording()
        #expect(recording.frames == 18 * 48000)
        #expect(recording.gaps.map(\.cause) == (milliseconds > 11000 ? ["ring_full"] : []))
        for gap in recording.gaps { #expect(gap.frames > 48000 && gap.frames < 4 * 48000) }
        let runs = Self.ramp.runs(in: try await recording.sound())
        #expect(runs == Self.runs(frames: recording.frames, around: recording.gaps))
    }

    // CAP-5: CLOCK_MONOTONIC stands still while the machine sleeps, and the gap lasts as long as the sleep.
    @Test func `A gap in which the machine slept is as long as the sleep`() async throws {
        let tapeline = try Tapeline()
        let device = try tapeline.device(Self.ramp, frames: 6 * 48000, "SUSPEND=48000:24000")
        let environment = ["LD_PRELOAD": BuiltProducts.sleepingClock, "SLEEPING_CLOCK": "1250:2000"]
        let recording = try await tapeline.record(device, ["--duration", "5"], environment: environment).recording()
        #expect(recording.gaps == [Self.gap(48000, 24000 + 96000, "suspend")])
        let runs = Self.ramp.runs(in: try await recording.sound())
        #expect(runs.last == Run(168_000, 72000, .ramp(offset: -96000)))
    }

    // CAP-5: while it writes one frame of silence, the next is due.
    @Test func `A machine that takes longer for a frame than it lasts still finds the device again`() async throws {
        let tapeline = try Tapeline()
        let device = try tapeline.device(Self.ramp, frames: 7 * 48000, "UNPLUG=48000:2000")
        let environment = ["LD_PRELOAD": BuiltProducts.sleepingClock, "SLOW_CLOCK": "30"]
        let recording = try await tapeline.record(device, ["--duration", "5"], environment: environment).recording()
        #expect(recording.frames == 5 * 48000)
        try #require(recording.gaps.map(\.cause) == ["device_lost"])
        #expect((96000...96000 + Self.reopening).contains(recording.gaps[0].frames))
        #expect(Self.ramp.runs(in: try await recording.sound()).last?.content == .ramp(offset: 0))
    }

    // CAP-5
    @Test(arguments: ["STALL=48000:300", "STALL=20000:200+60000:700", "SHORT=100", "SHORT=1000"])
    func `A device that is only late loses nothing`(_ arguments: String) async throws {
        let (recording, runs) = try await record(Fault(arguments: [arguments], gaps: []))
        #expect(recording.gaps.isEmpty)
        #expect(runs == [Run(0, recording.frames, .ramp(offset: 0))])
    }

    // CAP-5: zeros of the device's own are sound, not a gap.
    @Test func `Zeros that the device delivers are no gap`() async throws {
        let (recording, runs) = try await record(Fault(arguments: ["ZERO=60000:9600"], seconds: 3, gaps: []))
        #expect(recording.gaps.isEmpty)
        let zeros = Report.Gap(firstFrame: 60000, frames: 9600, cause: "")
        #expect(runs == Self.runs(frames: recording.frames, around: [zeros]))
    }

    // CAP-5, REC-1, REC-6: a true overrun, and a pause that the device's own buffer of a second bridges.
    @Test(arguments: [2.0, 0.3]) func `A process that is stopped for a while loses only what the device overran`(
        _ seconds: Double
    ) async throws {
        let tapeline = try Tapeline()
        let ramp = Ramp("S24_3LE", channels: 2, rate: 48000)
        let device = try tapeline.device(ramp, frames: ramp.cycle, "LOOP=1")
        let running = try tapeline.start(device)
        try await running.isRecording()
        try await Task.sleep(for: .seconds(1.5))
        running.process.send(SIGSTOP)
        let stopped = Date()
        try await Task.sleep(for: .seconds(seconds))
        let pause = Date().timeIntervalSince(stopped)
        running.process.send(SIGCONT)
        try await Task.sleep(for: .seconds(1.5))
        let signalled = Date().timeIntervalSince1970
        running.process.send(SIGINT)
        let recording = try await running.ended().recording()
        let runs = ramp.runs(in: try await recording.sound())
        #expect(runs == Self.runs(frames: recording.frames, around: recording.gaps))
        #expect(recording.durationS >= signalled - (try secondsSince1970(recording.startedAt)) - 0.25)
        // A busy machine may have stretched the short pause.
        guard pause > 0.7 else { return #expect(recording.gaps.isEmpty) }
        guard pause > 1.3 else { return }
        try #require(recording.gaps.count == 1)
        #expect(recording.gaps[0].cause == "xrun")
        // Lost is what came during the pause, and what the device still held when it began: a period, or more on a busy
        // machine.
        #expect(recording.gaps[0].frames >= Int(pause * 48000) - 1000)
        #expect(recording.gaps[0].frames <= Int((pause + 1) * 48000))
    }

    // CAP-5: unplugged for good, the recording still lasts until it is told to stop.
    @Test func `A device that never comes back leaves silence until the end`() async throws {
        let tapeline = try Tapeline()
        let device = try tapeline.device(Self.ramp, frames: 480_000, "UNPLUG=48000:forever")
        let running = try tapeline.start(device)
        #expect(try await running.process.says("the device is lost"))
        try await Task.sleep(for: .seconds(1.5))
        let signalled = Date().timeIntervalSince1970
        running.process.send(SIGINT)
        let recording = try await running.ended().recording()
        #expect(recording.gaps.count == 1)
        #expect(recording.gaps.first?.cause == "device_lost")
        #expect(recording.gaps.first?.firstFrame == 48000)
        #expect(recording.gaps.first?.end == recording.frames)
        let wall = signalled - (try secondsSince1970(recording.startedAt))
        #expect(recording.durationS >= wall - 0.25)
        #expect(recording.durationS <= wall + 1)
        let runs = Self.ramp.runs(in: try await recording.sound())
        #expect(runs == Self.runs(frames: recording.frames, around: recording.gaps))
    }

    // CAP-4, CAP-5: a slow drift is never a loss, and the clock's rate is measured. All at once, for they take a minute.
    @Test func `A device whose clock drifts has no gap and its rate is measured to 10 ppm`() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for drift in [100, -100, 0, 25] {
                group.addTask { try await drifts(by: drift, seconds: 62) }
            }
            try await group.waitForAll()
        }
    }

    private func drifts(by drift: Int, seconds: Int) async throws {
        let tapeline = try Tapeline()
        let ramp = Ramp("S24_3LE", channels: 1, rate: 16000)
        let device = try tapeline.device(ramp, frames: ramp.cycle, "LOOP=1", "DRIFT=\(drift)")
        let recording = try await tapeline.record(device, ["--duration", "\(seconds)"]).recording()
        #expect(recording.gaps.isEmpty, "\(drift) ppm")
        let runs = ramp.runs(in: try await recording.sound())
        #expect(runs == [Run(0, seconds * ramp.rate, .ramp(offset: 0))], "\(drift) ppm")
        let measured = try #require(recording.measuredRateHz)
        let ppm = (measured / Double(ramp.rate) - 1) * 1e6
        #expect(abs(ppm - Double(drift)) <= 10, "\(drift) ppm measured as \(ppm)")
    }

    // CAP-4, REC-2: without a clock a frame's place is its count.
    @Test func `A device without a clock has its gaps where its frames end, and no others`() async throws {
        let tapeline = try Tapeline()
        let device = try tapeline.device(Self.ramp, frames: 300_000, "SPEED=max")
        let recording = try await tapeline.record(device, ["--period-size", "64", "--buffer-size", "128"]).recording()
        #expect(recording.gaps.isEmpty)
        #expect(recording.measuredRateHz == nil)
        #expect(Self.ramp.runs(in: try await recording.sound()) == [Run(0, 300_000, .ramp(offset: 0))])
    }
}
