internal import Audio

/// How long a file waits for one track when another has gone on: what one has had for so long is written without the other
/// (REC-3).
///
/// Time counts only while somebody looks, half a second for a look at most: a process that was stopped, or a machine that
/// slept, has not waited. A pure value of fixed size.
struct Patience: Sendable {
    private struct Mark {
        var seconds: Double
        var position: Int64
    }

    private static let markCount = 16
    private static let mostSecondsForALook = 0.5

    private let limit: Double
    /// Time that has been waited through.
    private var seconds = 0.0
    private var lastLook: HostTime?
    /// Up to where the first track was certain, and when; the oldest first.
    private var marks: [Mark] = []
    /// What may be written, whatever the other tracks have.
    private(set) var position: Int64 = 0

    init(seconds limit: Double) {
        self.limit = limit
        marks.reserveCapacity(Self.markCount)
    }

    /// - Parameter leader: up to where the furthest track is certain.
    mutating func advance(to now: HostTime, leader: Int64) {
        let elapsed = lastLook.map { now.seconds(since: $0) } ?? 0
        lastLook = now
        seconds += max(0, min(elapsed, Self.mostSecondsForALook))
        while let oldest = marks.first, seconds - oldest.seconds >= limit {
            position = max(position, oldest.position)
            marks.removeFirst()
        }
        guard leader > marks.last?.position ?? position else { return }
        if let last = marks.last, seconds - last.seconds < limit / Double(Self.markCount - 1) {
            // Rather a little too early than too late.
            marks[marks.count - 1].position = leader
        } else {
            marks.append(Mark(seconds: seconds, position: leader))
        }
    }
}
