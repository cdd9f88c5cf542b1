internal import Audio

/// Frames that were given to a sink, until it is known when they were played, or that they were not.
///
/// The arrays are shared with the sink, not copied. A pure value.
struct PlaybackQueue {
    /// Why a report is not believed.
    enum Refusal: String, CaseIterable {
        case negative = "it counts backwards"
        case notGiven = "the sink was not given as many frames"
        case outOfOrder = "it is about frames that are reported or passed over already"
        case early = "it begins before the report before it ended"
        case future = "it is about the future"
    }

    private struct Entry {
        var offset: Int64
        var frameCount: Int64
        var sampleRate: Int
        /// nil where the queue was full.
        var frames: AudioFrames?
        var byteCount: Int
    }

    /// How far clocks may be apart, in seconds, before a report contradicts them.
    static let clockTolerance = 0.1
    /// What an entry takes beside its bytes.
    private static let entryByteCount = 128

    /// Frames that the sink was given since it was made.
    private(set) var givenFrameCount: Int64
    /// Frames that were not kept, because the queue was full.
    private(set) var unkeptFrameCount: Int64 = 0
    /// When the frames reported last had been played.
    private(set) var lastEnd: HostTime?
    /// The end of the frames that are reported or passed over.
    private var passedOffset: Int64 = 0
    private var entries: [Entry] = []
    /// Entries before this index are gone.
    private var head = 0
    private(set) var byteCount = 0
    private let byteLimit: Int

    init(givenFrameCount: Int64, byteLimit: Int) {
        self.givenFrameCount = givenFrameCount
        self.byteLimit = byteLimit
    }

    /// Keeps frames that are about to be given to the sink; where there is no room, only that they were.
    mutating func give(_ frames: AudioFrames) {
        let frameCount = Int64(frames.frameCount)
        guard frameCount > 0 else { return }
        var entry = Entry(
            offset: givenFrameCount,
            frameCount: frameCount,
            sampleRate: frames.format.sampleRate,
            frames: frames,
            byteCount: frames.bytes.count + Self.entryByteCount
        )
        givenFrameCount += frameCount
        if byteCount + entry.byteCount > byteLimit {
            unkeptFrameCount += frameCount
            if head < entries.count, entries[entries.count - 1].frames == nil {
                entries[entries.count - 1].frameCount += frameCount
                return
            }
            entry.frames = nil
            entry.byteCount = 0
        }
        byteCount += entry.byteCount
        entries.append(entry)
    }

    /// Counts frames that are about to be given to the sink, and are not to be recorded.
    mutating func skip(_ frameCount: Int64) {
        givenFrameCount += frameCount
        forget(before: givenFrameCount)
    }

    /// Whether nothing waits to be reported.
    var isEmpty: Bool { head == entries.count }

    /// Takes out the frames of a report, each piece with the time at which it was played.
    ///
    /// - Returns: why nothing was taken out.
    mutating func accept(
        _ report: PlaybackReport,
        now: HostTime,
        _ body: (AudioFrames, Range<Int>, HostTime) -> Void
    ) -> Refusal? {
        guard report.offset >= 0, report.frameCount >= 0, report.startedAt.nanoseconds >= 0 else { return .negative }
        guard report.frameCount <= givenFrameCount - report.offset else { return .notGiven }
        guard report.offset >= passedOffset else { return .outOfOrder }
        guard report.startedAt <= now else { return .future }
        if let lastEnd, lastEnd.seconds(since: report.startedAt) > Self.clockTolerance { return .early }
        let end = walk(report) { _, _, _ in }
        guard end.seconds(since: now) <= Self.clockTolerance else { return .future }
        guard report.frameCount > 0 else { return nil }
        _ = walk(report) { entry, range, hostTime in
            if let frames = entry.frames { body(frames, range, hostTime) }
        }
        lastEnd = end
        forget(before: report.offset + report.frameCount)
        return nil
    }

    /// Visits the entries that a report is about, and returns when the last of their frames had been played.
    private func walk(_ report: PlaybackReport, _ body: (Entry, Range<Int>, HostTime) -> Void) -> HostTime {
        let end = report.offset + report.frameCount
        var time = report.startedAt
        var next = report.offset
        for entry in entries[head...] where entry.offset + entry.frameCount > next {
            guard entry.offset < end else { break }
            // Before the first entry is what the sink was given before it was recorded: of the same rate, it is assumed.
            time = time.advanced(byFrames: max(0, entry.offset - next), at: entry.sampleRate)
            next = max(next, entry.offset)
            let last = min(end, entry.offset + entry.frameCount)
            body(entry, Int(next - entry.offset)..<Int(last - entry.offset), time)
            time = time.advanced(byFrames: last - next, at: entry.sampleRate)
            next = last
        }
        return time
    }

    /// Lets go of frames before `offset`: what of them is not reported was not played.
    mutating func forget(before offset: Int64) {
        passedOffset = max(passedOffset, offset)
        while head < entries.count, entries[head].offset + entries[head].frameCount <= passedOffset {
            byteCount -= entries[head].byteCount
            entries[head].frames = nil
            head += 1
        }
        guard head > 64, 2 * head > entries.count else { return }
        entries.removeFirst(head)
        head = 0
    }
}
