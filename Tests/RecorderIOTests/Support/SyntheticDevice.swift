import Audio
import TestSupport

@testable import RecorderIO

/// A device and its capture thread on paper: what the blocks of a recording say, and which frames are really in them.
///
/// Frame `k` of the device's grid is there from `origin + (k + 1) / rate` on. What a fault takes is taken from the grid,
/// so that the true place of each captured frame is known.
struct SyntheticDevice {
    enum Fault {
        /// The driver says that it stopped at a frame of the grid; it goes on `frameCount` frames later.
        case reported(Gap.Cause, at: Int64, frameCount: Int64)
        /// Frames vanish, and nobody says so.
        case loss(at: Int64, frameCount: Int64)
        /// From a frame on nothing arrives for a while; then everything at once.
        case stall(at: Int64, seconds: Double)
    }

    var rate = 48000
    var driftPPM = 0.0
    var periodFrameCount: Int64 = 12000
    /// How far the driver's count may lag behind the time it gives.
    var jitterSeconds = 0.0
    /// How late the capture thread may wake; it reads count and time together, so that nothing seems late for it.
    var wakeLatencySeconds = 0.0002
    /// Reads take all that waits, or any part of it, as with a ring that is nearly full.
    var readsInPart = false
    /// In the order of the grid, and apart from each other.
    var faults: [Fault] = []
    /// When the recording is stopped.
    var seconds = 10.0
    /// The device is unplugged at the end, and stays away.
    var isLostFrom: Double?

    static let origin: Int64 = 5_000_000_000_000
}

/// What the capture thread said, and the truth about it.
struct SyntheticTake {
    var blocks: [CaptureBlock] = []
    /// Captured frames from an index on are those of the grid from another on.
    var runs: [(captured: Int64, grid: Int64)] = [(0, 0)]
    /// Captured frames that stand before a loss, but after the last observation that knew nothing of it.
    var ambiguous: [Range<Int64>] = []
    var capturedFrameCount: Int64 = 0
    /// Frames of the grid at the stop.
    var gridFrameCount: Int64 = 0

    /// Where a captured frame belongs.
    func grid(_ captured: Int64) -> Int64 {
        let run = runs.last { $0.captured <= captured } ?? runs[0]
        return run.grid + captured - run.captured
    }
}

extension SyntheticDevice {
    private var trueRate: Double { Double(rate) * (1 + driftPPM * 1e-6) }

    /// When the grid reaches so many frames.
    private func time(ofGrid frameCount: Int64) -> Int64 {
        Self.origin + Int64((Double(frameCount) * 1e9 / trueRate).rounded(.up)) + 1
    }

    private func grid(at time: Int64) -> Int64 {
        max(0, Int64((Double(time - Self.origin) * trueRate / 1e9).rounded(.down)))
    }

    /// Frames of the grid that are there, stalls considered.
    private func arrived(at time: Int64) -> Int64 {
        var frames = grid(at: time)
        for case .stall(let first, let seconds) in faults where first < frames {
            if time < self.time(ofGrid: first) + Int64(seconds * 1e9) { frames = first }
        }
        return frames
    }

    func take(using random: inout Random) -> SyntheticTake {
        var take = SyntheticTake()
        var losses: [(at: Int64, frameCount: Int64)] = []
        for case .loss(let first, let frameCount) in faults { losses.append((first, frameCount)) }
        var reported: [(cause: Gap.Cause, at: Int64, frameCount: Int64)] = []
        for case .reported(let cause, let first, let frameCount) in faults {
            reported.append((cause, first, frameCount))
        }
        if let isLostFrom { reported.append((.deviceLost, Int64(isLostFrom * Double(rate)), .max / 4)) }

        let stop = Self.origin + Int64(seconds * 1e9)
        var now = Self.origin
        var start: Int64 = 0  // of the grid, since the last start
        var capturedAtStart: Int64 = 0
        var delivered: Int64 = 0
        var discontinuity: Gap.Cause?
        var last: (delivered: Int64, time: Int64)?
        var lastEdge = Int64.min / 2
        /// Captured frames before frame `grid`, in the present run from `start`.
        func kept(_ grid: Int64) -> Int64 {
            var count = grid - start
            for loss in losses where loss.at >= start {
                count -= max(0, min(grid, loss.at + loss.frameCount) - loss.at)
            }
            return capturedAtStart + count
        }

        while now < stop {
            let limit = reported.first?.at ?? .max
            let limitTime = reported.isEmpty ? Int64.max / 2 : time(ofGrid: limit)
            // The next moment at which a period, or all before the fault, is there.
            var wake = now
            while min(kept(min(arrived(at: wake), limit)) - take.capturedFrameCount, periodFrameCount)
                < periodFrameCount, wake < limitTime + 1_000_000, wake < stop
            {
                let missing = periodFrameCount - (kept(min(arrived(at: wake), limit)) - take.capturedFrameCount)
                wake = min(wake + max(1000, Int64(Double(missing) * 0.999 * 1e9 / trueRate)), limitTime + 1_000_000)
            }
            wake = min(stop, wake + Int64(random.unit() * wakeLatencySeconds * 1e9))
            now = max(now, wake)
            let lag = jitterSeconds == 0 ? 0 : Int64(random.unit() * jitterSeconds * 1e9)
            // All before a fault is read before it is seen; at the stop, what has come by then.
            let isFinal = now >= limitTime
            var visible = max(delivered, kept(min(arrived(at: isFinal ? now : now - lag), limit)))
            let isSurprising =
                discontinuity != nil || last == nil || now - lastEdge >= 900_000_000
                || Double(now - (last?.time ?? 0)) / 1e9 - Double(visible - (last?.delivered ?? 0)) / Double(rate)
                    > 0.001
            if isSurprising, !isFinal, jitterSeconds == 0 {
                // The moment at which the next frame is there, unless it takes too long.
                let edge = max(now, min(time(ofGrid: grid(at: now) + 1), now + 250_000))
                if kept(min(arrived(at: edge), limit)) != visible {
                    visible = kept(min(arrived(at: edge), limit))
                    now = edge
                    lastEdge = edge
                }
            }
            if visible > take.capturedFrameCount {
                let waiting = visible - take.capturedFrameCount
                let count = readsInPart && !isFinal && now < stop ? 1 + Int64(random.below(Int(waiting))) : waiting
                delivered = visible
                take.capturedFrameCount += count
                take.blocks.append(
                    CaptureBlock(
                        kind: .frames,
                        frameCount: count,
                        deliveredFrameCount: delivered,
                        hostTime: HostTime(nanoseconds: now),
                        discontinuity: discontinuity
                    )
                )
                discontinuity = nil
                last = (delivered, now)
            }
            if isFinal, now < stop, let fault = reported.first {
                reported.removeFirst()
                discontinuity = fault.cause
                if fault.cause == .deviceLost {
                    take.blocks.append(CaptureBlock(kind: .lost, hostTime: HostTime(nanoseconds: now)))
                }
                start = fault.at + fault.frameCount
                capturedAtStart = take.capturedFrameCount
                take.runs.append((capturedAtStart, start))
                guard fault.frameCount < .max / 8 else { break }
                now = max(now, time(ofGrid: start))
            }
        }
        // Losses, as runs of their own.
        for loss in losses {
            guard let run = take.runs.last(where: { $0.grid <= loss.at }) else { continue }
            let captured = run.captured + loss.at - run.grid
            guard captured <= take.capturedFrameCount else { continue }
            take.runs.append((captured, loss.at + loss.frameCount))
            take.runs.sort { $0.captured < $1.captured }
            let known = take.blocks.last { $0.kind == .frames && $0.deliveredFrameCount < captured }
            take.ambiguous.append((known?.deliveredFrameCount ?? 0)..<captured)
        }
        take.gridFrameCount = grid(at: stop)
        take.blocks.append(
            CaptureBlock(kind: .stopped, hostTime: HostTime(nanoseconds: stop), discontinuity: discontinuity)
        )
        return take
    }
}
