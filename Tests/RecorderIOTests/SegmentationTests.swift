import Testing

@testable import RecorderIO

/// Where seams lie: a pure function of frames, and of a wall clock that is read once (REC-6, REC-10).
@Suite struct SegmentationTests {
    /// The first seams behind frame 0.
    private func seams(
        _ segmentation: Segmentation,
        rate: Int,
        startedAt: Double = 0,
        origin: Int64 = 0,
        count: Int
    ) -> [Int64] {
        var seams: [Int64] = []
        for _ in 0..<count {
            seams.append(
                segmentation.seam(
                    after: seams.last ?? origin,
                    origin: origin,
                    sampleRate: rate,
                    startedAt: startedAt
                )
            )
        }
        return seams
    }

    // REC-10
    @Test func `Lengths that are no whole frames do not drift`() {
        let seams = seams(Segmentation(seconds: 0.0501), rate: 44100, count: 100_000)
        #expect(seams[0] == 2209)
        #expect(seams[99_999] == 220_941_000)
        let lengths = Set(zip(seams.dropFirst(), seams).map(-))
        #expect(lengths == [2209, 2210])
    }

    // REC-10
    @Test(arguments: [8000, 44100, 48000, 192_000, 384_000])
    func `Behind any frame comes the very next seam`(rate: Int) {
        let segmentation = Segmentation(seconds: 0.07)
        let seams = seams(segmentation, rate: rate, origin: 17, count: 40)
        var next = 0
        for frame in 17..<seams[38] {
            if frame >= seams[next] { next += 1 }
            let seam = segmentation.seam(after: frame, origin: 17, sampleRate: rate, startedAt: 0)
            guard seam == seams[next] else {
                Issue.record("\(seam) behind \(frame), not \(seams[next])")
                return
            }
        }
    }

    // REC-10: 2026-11-27T05:57:30.25Z, and a segment each 10 minutes.
    @Test func `On the clock the first segment is shorter, and the next begin at full tens of minutes`() {
        let startedAt = 1_795_759_050.25
        let seams = seams(
            Segmentation(seconds: 600, isAtClock: true),
            rate: 48000,
            startedAt: startedAt,
            count: 200
        )
        #expect(seams[0] == Int64(149.75 * 48000))
        let length: Int64 = 600 * 48000
        for (index, seam) in seams.enumerated() {
            #expect(seam == seams[0] + Int64(index) * length)
            let time = startedAt + Double(seam) / 48000
            #expect(time.truncatingRemainder(dividingBy: 600) == 0)
        }
    }

    // REC-10: 7 minutes do not divide a day: it begins anew at midnight.
    @Test func `On the clock each midnight is a seam`() {
        let midnight = 1_795_824_000.0
        let seams = seams(
            Segmentation(seconds: 420, isAtClock: true),
            rate: 16000,
            startedAt: midnight - 500,
            count: 4
        )
        // 23:55 is the 205th, and 300 s before midnight.
        let seconds = seams.map { $0 / 16000 }
        #expect(seconds == [200, 500, 920, 1340])
    }

    // REC-10: a day is the longest.
    @Test func `On the clock a day is from midnight to midnight`() {
        let seams = seams(
            Segmentation(seconds: 86_400, isAtClock: true),
            rate: 8000,
            startedAt: 1_795_823_999.5,
            count: 2
        )
        let day: Int64 = 86_400 * 8000
        #expect(seams == [4000, 4000 + day])
    }

    // REC-10: the very start may lie on a boundary.
    @Test func `A recording that starts on a boundary has whole segments`() {
        let seams = seams(Segmentation(seconds: 60, isAtClock: true), rate: 8000, startedAt: 1_795_759_080, count: 2)
        #expect(seams == [480_000, 960_000])
    }
}
