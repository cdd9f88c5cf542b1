import Audio

@testable import RecorderIO

/// What a timeline makes of a take, checked against the truth.
struct Placement {
    var gaps: [Gap] = []
    /// Frames and silence in all.
    var frameCount: Int64 = 0
    var placedFrameCount: Int64 = 0
    /// How far the worst frame whose place can be known is from it; positive: too late.
    var worstError: Int64 = 0
    /// The longest that a frame was held back, from its block to its step.
    var longestHold = 0.0
    var timeline: TrackTimeline

    init(of take: SyntheticTake, _ device: SyntheticDevice) {
        let format = AudioFormat(sampleFormat: .s16, sampleRate: device.rate, channelCount: 1)
        timeline = TrackTimeline(format: format, periodFrameCount: Int(device.periodFrameCount))
        var waiting: [(end: Int64, since: HostTime)] = []
        var captured: Int64 = 0
        var tick = SyntheticDevice.origin
        for block in take.blocks {
            // The recorder looks twice a second, also while nothing comes.
            while tick < block.hostTime.nanoseconds {
                drain(take, HostTime(nanoseconds: tick), &waiting)
                tick += 500_000_000
            }
            timeline.accept(block)
            captured += block.frameCount
            if block.kind == .frames { waiting.append((captured, block.hostTime)) }
            drain(take, block.hostTime, &waiting)
        }
    }

    private mutating func drain(
        _ take: SyntheticTake,
        _ now: HostTime,
        _ waiting: inout [(end: Int64, since: HostTime)]
    ) {
        while let step = timeline.nextStep(now: now) {
            switch step {
            case .silence(let count, let cause):
                if let last = gaps.last, last.cause == cause, last.firstFrame + last.frameCount == frameCount {
                    gaps[gaps.count - 1].frameCount += count
                } else {
                    gaps.append(Gap(firstFrame: frameCount, frameCount: count, cause: cause))
                }
                frameCount += count
            case .frames(let count):
                check(take, placedFrameCount..<placedFrameCount + count)
                placedFrameCount += count
                frameCount += count
            }
        }
        while let first = waiting.first, first.end <= placedFrameCount {
            longestHold = max(longestHold, now.seconds(since: first.since))
            waiting.removeFirst()
        }
    }

    /// Compares the ends of each run of frames: between them places are equally right or wrong.
    private mutating func check(_ take: SyntheticTake, _ frames: Range<Int64>) {
        var edges = [frames.lowerBound, frames.upperBound - 1]
        edges += take.runs.flatMap { [$0.captured - 1, $0.captured] }
        edges += take.ambiguous.flatMap { [$0.lowerBound - 1, $0.upperBound] }
        for captured in edges where frames.contains(captured) {
            guard !take.ambiguous.contains(where: { $0.contains(captured) }) else { continue }
            let place = frameCount + captured - frames.lowerBound
            let error = place - (take.grid(captured) - take.grid(0))
            if abs(error) > abs(worstError) { worstError = error }
        }
    }
}
