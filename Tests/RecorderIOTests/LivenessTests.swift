import Audio
import TestSupport
import Testing

@testable import RecorderIO

/// CAP-7, frame by frame.
@Suite struct LivenessTests {
    private static let rate = 1000
    /// So many frames are a lack of signal.
    private static let limit = 100

    /// A track on paper: samples go in as frames of S16_LE, in pieces, at their places.
    private struct Track {
        var liveness: Liveness
        let channelCount: Int
        var position: Int64 = 0
        var time = HostTime(nanoseconds: 5_000_000_000_000)

        init(channelCount: Int = 1, noSignalSeconds: Double = 0.1) {
            self.channelCount = channelCount
            let format = AudioFormat(sampleFormat: .s16, sampleRate: LivenessTests.rate, channelCount: channelCount)
            let limits = LivenessLimits(noFramesSeconds: 1, noSignalSeconds: noSignalSeconds)
            liveness = Liveness(format: format, periodFrameCount: 37, limits: limits, now: time)
        }

        /// Frames, each of whose samples stands for one channel.
        mutating func play(_ frames: [[Int16]], pieces: [Int] = [37], hasArrived: Bool = false) {
            var rest = frames[...]
            var turn = 0
            while !rest.isEmpty {
                let piece = rest.prefix(pieces[turn % pieces.count])
                turn += 1
                rest = rest.dropFirst(piece.count)
                let samples = piece.flatMap { $0 }
                time.nanoseconds += Int64(piece.count) * 1_000_000_000 / Int64(LivenessTests.rate)
                if !hasArrived { liveness.arrive(Int64(piece.count), now: time) }
                unsafe liveness.accept(samples.span.bytes, at: position)
                position += Int64(piece.count)
            }
        }

        /// Every sample another, and none of them zero, in all channels but those that hold one.
        mutating func play(_ count: Int, holding held: [Int: Int16] = [:]) {
            play(
                (0..<count).map { frame in
                    (0..<channelCount).map { held[$0] ?? Int16(truncatingIfNeeded: 2 * (frame + Int(position)) + 1) }
                }
            )
        }

        /// Nothing, for so many frames of the clock, of which so many are silence on the track.
        mutating func wait(_ count: Int, silence: Int) {
            for _ in 0..<count {
                time.nanoseconds += 1_000_000_000 / Int64(LivenessTests.rate)
                liveness.check(now: time)
            }
            position += Int64(silence)
        }

        var periods: [ConditionPeriod] { liveness.periods(in: 0..<position).periods }
    }

    private func period(
        _ condition: CaptureCondition,
        _ first: Int64,
        _ end: Int64,
        _ channels: [Int]? = nil
    ) -> ConditionPeriod {
        ConditionPeriod(condition: condition, firstFrame: first, frameCount: end - first, channels: channels)
    }

    @Test func `Zeros are told once they have lasted, with their exact frames`() {
        var track = Track(channelCount: 2)
        track.play(50)
        track.play(99, holding: [0: 0, 1: 0])
        track.play(51)
        #expect(track.periods == [])
        #expect(track.liveness.takeChanges() == [])
        track.play(99, holding: [0: 0, 1: 0])
        #expect(track.liveness.held(at: track.position) == [])
        track.play(1, holding: [0: 0, 1: 0])
        #expect(track.liveness.takeChanges() == [.raised(period(.noSignal, 200, 300))])
        track.play(400, holding: [0: 0, 1: 0])
        #expect(track.liveness.takeChanges() == [])
        #expect(track.liveness.held(at: track.position) == [period(.noSignal, 200, 700)])
        // Also before it is over.
        #expect(track.periods == [period(.noSignal, 200, 700)])
        track.play(20)
        #expect(track.liveness.takeChanges() == [.cleared(period(.noSignal, 200, 700))])
        #expect(track.liveness.held(at: track.position) == [])
        #expect(track.periods == [period(.noSignal, 200, 700)])
    }

    @Test func `One sample over and over is a stuck signal, and zeros among such channels are none of it`() {
        var track = Track(channelCount: 3)
        track.play(300, holding: [0: 7, 1: -7, 2: 9])
        #expect(track.periods == [period(.stuckSignal, 0, 300)])
        track.play(300, holding: [0: 7, 1: -7, 2: 0])
        #expect(
            track.periods == [
                period(.stuckSignal, 0, 300), period(.noSignal, 300, 600, [3]), period(.stuckSignal, 300, 600, [1, 2]),
            ]
        )
    }

    @Test func `A dead channel is told by its number, and is part of what holds for all`() {
        var track = Track(channelCount: 2)
        track.play(500, holding: [1: 0])
        track.play(500, holding: [0: 0, 1: 0])
        track.play(500, holding: [1: 0])
        let expected = [
            period(.noSignal, 0, 500, [2]), period(.noSignal, 500, 1000), period(.noSignal, 1000, 1500, [2]),
        ]
        #expect(track.periods == expected)
    }

    @Test func `A gap neither begins nor ends a lack of signal, and does not count`() {
        var track = Track()
        track.play(10)
        track.play(60, holding: [0: 0])
        track.wait(500, silence: 500)
        track.play(39, holding: [0: 0])
        #expect(track.periods == [])
        track.play(1, holding: [0: 0])
        #expect(track.periods == [period(.noSignal, 10, 610)])
        // The last zero stands before this gap.
        track.wait(500, silence: 500)
        track.play(10)
        #expect(track.periods == [period(.noSignal, 10, 610)])
    }

    @Test func `No frames are told once they are missed, and are the gap that they leave`() {
        var track = Track()
        track.play(300)
        track.wait(999, silence: 0)
        #expect(track.liveness.takeChanges() == [])
        track.wait(1, silence: 0)
        #expect(track.liveness.takeChanges() == [.raised(period(.noFrames, 300, 300))])
        track.wait(2000, silence: 2983)
        #expect(track.periods == [period(.noFrames, 300, 3283)])
        track.play(10)
        #expect(track.liveness.takeChanges() == [.cleared(period(.noFrames, 300, 3283))])
        track.play(100)
        #expect(track.periods == [period(.noFrames, 300, 3283)])
    }

    @Test func `Frames that come late, all of them, were missed for as long as the clock says`() {
        var track = Track()
        track.play(300)
        track.wait(2500, silence: 0)
        // The first of them takes a millisecond more.
        track.play((0..<3000).map { [Int16($0 + 1)] }, pieces: [1, 2999])
        #expect(track.periods == [period(.noFrames, 300, 2801)])
    }

    // As the timeline does where it is not sure of a loss.
    @Test(arguments: [0, 2400]) func `Frames whose place is not yet certain have come all the same`(_ gap: Int) {
        var track = Track()
        let frames = (0..<500).map { [Int16($0 + 1)] }
        track.play(Array(frames[..<200]))
        track.liveness.arrive(100, now: track.time)
        track.wait(1000, silence: 0)
        #expect(track.liveness.takeChanges() == [.raised(period(.noFrames, 300, 300))])
        track.wait(1500, silence: 0)
        track.liveness.arrive(200, now: track.time)
        if gap == 0 {
            // Nothing was lost.
            track.play(Array(frames[200...]), hasArrived: true)
            #expect(track.periods == [period(.noFrames, 300, 500)])
            track.play(3000)
            #expect(track.periods == [period(.noFrames, 300, 2800)])
        } else {
            track.play(Array(frames[200..<300]), hasArrived: true)
            track.wait(0, silence: gap)
            #expect(track.liveness.takeChanges() == [])
            track.play(Array(frames[300...]), hasArrived: true)
            #expect(track.liveness.takeChanges() == [.cleared(period(.noFrames, 300, 2700))])
            #expect(track.periods == [period(.noFrames, 300, 2700)])
        }
    }

    @Test func `A device that gives much at once is not missed in between`() {
        var track = Track()
        let format = AudioFormat(sampleFormat: .s16, sampleRate: Self.rate, channelCount: 1)
        let limits = LivenessLimits(noFramesSeconds: 1, noSignalSeconds: 0.1)
        track.liveness = Liveness(format: format, periodFrameCount: 3000, limits: limits, now: track.time)
        track.wait(5999, silence: 0)
        #expect(track.liveness.takeChanges() == [])
        track.wait(1, silence: 0)
        #expect(track.liveness.takeChanges() == [.raised(period(.noFrames, 0, 0))])
    }

    @Test func `A device that never gives anything is told as well`() {
        var track = Track()
        track.wait(1000, silence: 0)
        #expect(track.liveness.takeChanges() == [.raised(period(.noFrames, 0, 0))])
    }

    @Test func `Each file has its own part of what holds over its end`() {
        var track = Track()
        track.play(100)
        track.play(400, holding: [0: 0])
        #expect(track.liveness.periods(in: 0..<500).periods == [period(.noSignal, 100, 500)])
        track.liveness.beginFile()
        track.play(200, holding: [0: 0])
        track.play(300)
        track.play(150, holding: [0: 0])
        #expect(
            track.liveness.periods(in: 500..<1150).periods
                == [period(.noSignal, 0, 200), period(.noSignal, 500, 650)]
        )
    }

    @Test func `Periods are listed up to a limit, and counted from there on`() {
        var track = Track(noSignalSeconds: 0.002)
        for _ in 0..<Liveness.periodLimit + 7 {
            track.play(1)
            track.play(2, holding: [0: 0])
        }
        track.play(1)
        let (periods, omittedCount) = track.liveness.periods(in: 0..<track.position)
        #expect(periods.count == Liveness.periodLimit)
        #expect(omittedCount == 7)
    }

    // Against a look at every single frame.
    @Test(arguments: 0..<200) func `Whatever the pieces and the gaps, the frames are exact`(_ seed: Int) {
        var random = Random(seed: UInt64(seed))
        var track = Track()
        var expected: [ConditionPeriod] = []
        /// The run that goes on: its sample, its first frame, the frame behind its last, and its length without gaps.
        var run: (sample: Int16, first: Int64, end: Int64, count: Int)?
        func finish() {
            guard let run, run.count >= Self.limit else { return }
            expected.append(period(run.sample == 0 ? .noSignal : .stuckSignal, run.first, run.end))
        }
        for _ in 0..<40 {
            // Pieces end anywhere in a run, and runs anywhere in a piece.
            var frames: [[Int16]] = []
            for _ in 0...random.below(3) {
                let sample = Int16([0, 0, 5, -5][random.below(4)])
                for _ in 0...random.below([3, 99, 102, 300][random.below(4)]) {
                    let place = track.position + Int64(frames.count)
                    frames.append([sample])
                    if let last = run, last.sample == sample {
                        run = (sample, last.first, place + 1, last.count + 1)
                    } else {
                        finish()
                        run = (sample, place, place + 1, 1)
                    }
                }
            }
            track.play(frames, pieces: [1 + random.below(99), 1 + random.below(99)])
            if random.below(3) == 0 { track.wait(0, silence: random.below(500)) }
        }
        finish()
        #expect(track.periods == expected)
    }
}
