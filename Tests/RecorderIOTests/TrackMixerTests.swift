import Audio
import TestSupport
import Testing

@testable import RecorderIO

@Suite struct TrackMixerTests {
    // REC-1, REC-2, REC-3: bursts, pauses, interruptions, late and overlapping frames, empty and odd-sized ones, silent and
    // stuck tracks, changes of source, a process that is stopped, a reader that lags; two thousand schedules.
    @Test func `Whatever the schedule, each frame of the file's rate is where its time says, to the sample`() throws {
        var lateCount: Int64 = 0
        var passedCount: Int64 = 0
        for seed in 0..<2000 {
            var schedule = try RandomSchedule(seed: UInt64(seed))
            try schedule.run()
            let failures = schedule.failures()
            #expect(failures == [], "seed \(seed)")
            guard failures.isEmpty else { return }
            lateCount += schedule.oracles.reduce(0) { $0 + $1.lateCount }
            passedCount += schedule.oracles.reduce(0) { $0 + $1.overtakenCount }
        }
        // The schedules are such that it matters.
        #expect(lateCount > 10_000)
        #expect(passedCount > 1000)
    }

    // REC-3, CAP-5: stopped for three seconds, both tracks have as much in their rings when it goes on.
    @Test func `A process that was stopped drops nothing of either track`() throws {
        let format = AudioFormat(sampleFormat: .s16, sampleRate: 1000, channelCount: 1)
        let wide = AudioFormat(sampleFormat: .s16, sampleRate: 1000, channelCount: 2)
        var mixer = try TrackMixer(
            fileFormat: wide,
            tracks: [TrackFormat(format, pace: .exact, holeCause: .unreported), TrackFormat(format, pace: .exact)]
        )
        var given: [Int64] = [0, 0]
        var read: Int64 = 0
        /// The rings have all up to `now`; the second track's come a little at a time, as the pane has room.
        func round(_ now: Int64) {
            var hasMoved = true
            while hasMoved {
                hasMoved = false
                for track in 0..<2 where given[track] < now {
                    let frames = (given[track]..<now).map { Int16(truncatingIfNeeded: $0 + 1) }
                    let taken = mixer.put(frames, track: track, at: Double(given[track]))
                    given[track] += Int64(taken)
                    hasMoved = hasMoved || taken > 0
                }
                mixer.advanceClock(to: HostTime(nanoseconds: now * 1_000_000))
                read += mixer.readAll { _ in }
            }
        }
        for turn in 0...20 { round(Int64(turn) * 100) }
        round(2000 + 3000)
        round(5100 + 60_000)
        for track in 0..<2 {
            let counts = mixer.counts(track: track)
            #expect(counts.droppedFrameCount == 0 && counts.gapFrameCount == 0 && counts.silentFrameCount == 0)
            #expect(counts.placedFrameCount == 65_100)
        }
        #expect(read == 65_100)
    }

    // REC-3
    @Test func `A track that is stuck delays the file by a second, and its frames after that are late`() throws {
        let format = AudioFormat(sampleFormat: .s16, sampleRate: 1000, channelCount: 1)
        let wide = AudioFormat(sampleFormat: .s16, sampleRate: 1000, channelCount: 2)
        var mixer = try TrackMixer(
            fileFormat: wide,
            tracks: [TrackFormat(format, pace: .exact, holeCause: .unreported), TrackFormat(format, pace: .exact)]
        )
        let tone = [Int16](repeating: 100, count: 100)
        var read: Int64 = 0
        for turn in 0..<50 {
            // The first stands still after a second, and gives all that it held after four.
            if turn < 10 || turn >= 40 {
                let from = turn == 40 ? 10 : turn
                for block in from...turn { _ = mixer.put(tone, track: 0, at: Double(block) * 100) }
            }
            #expect(mixer.put(tone, track: 1, at: Double(turn) * 100) == 100)
            mixer.advanceClock(to: HostTime(nanoseconds: Int64(turn + 1) * 100_000_000))
            read += mixer.readAll { _ in }
            #expect(Int64(turn + 1) * 100 - read <= 1100)
        }
        let gaps = mixer.takeGaps()
        let counts = mixer.counts(track: 0)
        #expect(gaps.allSatisfy { $0.cause == .unreported && $0.channels == [1] })
        #expect(gaps.reduce(0) { $0 + $1.frameCount } == counts.gapFrameCount)
        #expect(gaps.first?.firstFrame == 1000)
        #expect(counts.gapFrameCount > 1900 && counts.gapFrameCount < 2100)
        #expect(counts.droppedFrameCount == counts.gapFrameCount)
        #expect(counts.sourceFrameCount == 5000)
        #expect(mixer.counts(track: 1).droppedFrameCount == 0)
    }

    // CAP-2: what is as the file has it is copied; integers that become wider keep their values.
    @Test(arguments: SampleFormat.allCases)
    func `Mono and mono become left and right, without loss where nothing is lost`(file: SampleFormat) throws {
        let wide = AudioFormat(sampleFormat: file, sampleRate: 8000, channelCount: 2)
        for source in SampleFormat.allCases {
            let narrow = AudioFormat(sampleFormat: source, sampleRate: 8000, channelCount: 1)
            let own = AudioFormat(sampleFormat: file, sampleRate: 8000, channelCount: 1)
            var mixer = try TrackMixer(
                fileFormat: wide,
                tracks: [TrackFormat(own, pace: .exact), TrackFormat(narrow, pace: .exact)]
            )
            var random = Random(seed: 3)
            let left = (0..<300 * file.byteCount).map { _ in UInt8(truncatingIfNeeded: random.next() >> 8) }
            let values = (0..<300).map { _ in Int32(truncatingIfNeeded: random.next()) }
            let right = SampleBytes.bytes(values, source)
            #expect(mixer.put(left, track: 0, at: 0) == 300)
            #expect(mixer.put(right, track: 1, at: 0) == 300)
            mixer.advanceClock(to: HostTime(nanoseconds: 1))
            var bytes: [UInt8] = []
            _ = mixer.readAll { bytes += $0 }
            let size = file.byteCount
            let frames = (0..<300).map { Array(bytes[2 * size * $0..<2 * size * ($0 + 1)]) }
            #expect(frames.flatMap { $0.prefix(size) } == left, "\(source)")
            let got = SampleBytes.values(frames.flatMap { $0.suffix(size) }, file)
            let kept = min(source.significantBitCount, file.significantBitCount)
            let floats = source == .float || file == .float
            for (value, got) in zip(SampleBytes.values(right, source), got) {
                let error = abs(Int64(value) - Int64(got))
                if kept == source.significantBitCount, !(floats && source != file) {
                    #expect(error == 0, "\(source) as \(file)")
                } else {
                    // Half a step of the narrower; a float's are 2^-24 of its size.
                    let bits = min(kept, floats ? 24 : 32)
                    #expect(error <= Int64(1) << (32 - bits), "\(source) as \(file): \(value) \(got)")
                }
            }
        }
    }

    // REC-1
    @Test func `Frames before the recording's start are left out, and are nobody's loss`() throws {
        for rate in [1000, 4000] {
            let format = AudioFormat(sampleFormat: .s16, sampleRate: rate, channelCount: 1)
            let file = AudioFormat(sampleFormat: .s16, sampleRate: 1000, channelCount: 1)
            var mixer = try TrackMixer(fileFormat: file, tracks: [TrackFormat(format, pace: .exact)])
            let frames = [Int16](repeating: 7, count: rate)
            #expect(mixer.put(frames, track: 0, at: -600) == rate)
            mixer.end(track: 0)
            let counts = mixer.counts(track: 0)
            #expect(counts.sourceFrameCount == Int64(rate) * 4 / 10)
            #expect(abs(counts.placedFrameCount - 400) <= (rate == 1000 ? 0 : 1))
            #expect(counts.droppedFrameCount == 0)
        }
    }

    // PERF-5
    @Test func `Memory is as large after an hour of silence on one side as before`() throws {
        let format = AudioFormat(sampleFormat: .s16, sampleRate: 1000, channelCount: 1)
        let wide = AudioFormat(sampleFormat: .s16, sampleRate: 1000, channelCount: 2)
        var mixer = try TrackMixer(
            fileFormat: wide,
            tracks: [TrackFormat(format, pace: .exact), TrackFormat(format, pace: .exact)]
        )
        let byteCount = mixer.byteCount
        #expect(byteCount <= 4 * 2000)
        let tone = [Int16](repeating: 100, count: 500)
        var read: Int64 = 0
        for turn in 0..<7200 {
            #expect(mixer.put(tone, track: 1, at: Double(turn) * 500) == 500)
            mixer.advanceClock(to: HostTime(nanoseconds: Int64(turn) * 500_000_000))
            read += mixer.readAll { _ in }
        }
        #expect(mixer.byteCount == byteCount)
        #expect(read >= 3_598_000)
        // An hour's hole is no matter of memory either.
        mixer.leaveOut(track: 0, until: 7_200_000, .deviceLost)
        mixer.leaveOut(track: 1, until: 7_200_000)
        read += mixer.readAll { bytes in #expect(bytes.allSatisfy { $0 == 0 || $0 == 100 }) }
        #expect(read == 7_200_000)
        #expect(mixer.takeGaps().map(\.cause).contains(.deviceLost))
    }
}
