import Audio
import TestSupport

@testable import RecorderIO

/// One track as it should be in the file: each frame by its time alone.
struct TrackOracle {
    let channelCount: Int
    /// The file's samples of this track's channels, interleaved; 0 where there is no frame, and only there.
    var samples: [Int16] = []
    var placedCount: Int64 = 0
    /// Up to where the track has been told of.
    var end: Int64 = 0
    var capturedCount: Int64 = 0
    var lateCount: Int64 = 0
    /// Of those, frames that the file went on without.
    var overtakenCount: Int64 = 0

    /// - Parameter written: the file's frames that have been taken out.
    mutating func put(_ frames: [[Int16]], at place: Double, written: Int64) {
        let first = Int64(place.rounded())
        for (index, frame) in frames.enumerated() {
            let position = first + Int64(index)
            guard position >= 0 else { continue }
            capturedCount += 1
            guard position >= end, position >= written else {
                lateCount += 1
                if position >= end { overtakenCount += 1 }
                continue
            }
            let missing = Int(position) * channelCount - samples.count
            if missing > 0 { samples.append(contentsOf: repeatElement(0, count: missing)) }
            samples += frame
            placedCount += 1
            end = position + 1
        }
    }
}

/// Some seconds of several tracks, at random, played to a mixer and to the oracles.
struct RandomSchedule: ~Copyable {
    private struct Track {
        var format: TrackFormat
        /// When the source's next frame is due, in frames of the file.
        var place: Double
        /// Frames that were given, and the mixer has not taken.
        var waiting: [(place: Double, frames: [[Int16]])] = []
        /// The source says nothing until then, and keeps what it has, or has none.
        var quietUntil = 0.0
        var keeps = false
    }

    private static let rate = 1000
    private var random: Random
    private var mixer: TrackMixer
    private var tracks: [Track] = []
    private(set) var oracles: [TrackOracle] = []
    private var file: [Int16] = []
    private let channelCount: Int
    private var gaps: [Gap] = []
    private var complaints: [String] = []
    private var nextSample: Int16 = 0
    /// Simulated time in seconds, and that during which the process ran.
    private var now = 0.0
    private var awake = 0.0
    /// What the furthest track had, and when.
    private var history: [(awake: Double, leader: Int64)] = []

    init(seed: UInt64) throws {
        random = Random(seed: seed)
        let channels = [[1], [1, 1], [1, 1], [2, 1], [1, 2, 1]][Int(seed % 5)]
        channelCount = channels.reduce(0, +)
        for (index, count) in channels.enumerated() {
            let audio = AudioFormat(sampleFormat: .s16, sampleRate: Self.rate, channelCount: count)
            let format = TrackFormat(audio, pace: .exact, holeCause: index == 0 ? .unreported : nil)
            tracks.append(Track(format: format, place: 400 * random.unit() - 100))
            oracles.append(TrackOracle(channelCount: count))
        }
        let audio = AudioFormat(sampleFormat: .s16, sampleRate: Self.rate, channelCount: channelCount)
        mixer = try TrackMixer(fileFormat: audio, tracks: tracks.map(\.format))
    }

    mutating func run() throws {
        let end = 4 + 4 * random.unit()
        while now < end {
            let isStopped = random.below(60) == 0
            let elapsed = isStopped ? 1 + 3 * random.unit() : 0.3 * random.unit()
            now += elapsed
            awake += min(elapsed, 0.5)
            for index in tracks.indices { try produce(index) }
            drain(reads: random.below(6) != 0)
        }
        for _ in 0..<40 {
            now += 0.5
            awake += 0.5
            drain(reads: true)
        }
        for index in tracks.indices { mixer.end(track: index) }
        drain(reads: true)
    }

    private mutating func produce(_ index: Int) throws {
        let due = Double(Self.rate) * now
        if now < tracks[index].quietUntil {
            if !tracks[index].keeps { tracks[index].place = max(tracks[index].place, due) }
            return
        }
        switch random.below(25) {
        // Silent, or stuck with all that it has.
        case 0:
            tracks[index].quietUntil = now + 2.5 * random.unit()
            tracks[index].keeps = random.below(2) == 0
        // A pause that is told of.
        case 1:
            let cause: Gap.Cause? = random.below(2) == 0 ? .xrun : nil
            tracks[index].place = max(tracks[index].place, due) + Double(random.below(300))
            if tracks[index].waiting.isEmpty {
                mixer.leaveOut(track: index, until: tracks[index].place, cause)
                oracles[index].end = max(oracles[index].end, Int64(tracks[index].place.rounded()))
            }
        // An interruption: the next frames come later than they follow; or they overlap.
        case 2: tracks[index].place += Double(random.below(200)) + random.unit()
        case 3: tracks[index].place -= Double(random.below(100)) + random.unit()
        // Another source.
        case 4:
            guard tracks[index].waiting.isEmpty else { return }
            try mixer.begin(tracks[index].format, track: index)
        case 5: give(index, 0)
        case 6: give(index, 1 + random.below(3))
        default: break
        }
        while tracks[index].place < due {
            let missing = max(1, Int(due - tracks[index].place))
            give(index, min(missing, 1 + random.below(400)))
        }
    }

    private mutating func give(_ index: Int, _ count: Int) {
        let channels = oracles[index].channelCount
        var frames: [[Int16]] = []
        for _ in 0..<count {
            var frame: [Int16] = []
            for _ in 0..<channels {
                nextSample &+= 1
                frame.append(nextSample == 0 ? 1 : nextSample)
            }
            frames.append(frame)
        }
        tracks[index].waiting.append((tracks[index].place, frames))
        tracks[index].place += Double(count)
    }

    /// A round of the recorder: everything is put that finds room, and then read.
    private mutating func drain(reads: Bool) {
        var hasMoved = true
        while hasMoved {
            hasMoved = false
            for index in tracks.indices {
                while let block = tracks[index].waiting.first {
                    let samples = block.frames.flatMap { $0 }
                    let taken = mixer.put(samples, track: index, at: block.place)
                    let part = Array(block.frames.prefix(taken))
                    oracles[index].put(part, at: block.place, written: Int64(file.count / channelCount))
                    tracks[index].waiting.removeFirst()
                    guard taken == block.frames.count else {
                        let rest = Array(block.frames.dropFirst(taken))
                        tracks[index].waiting.insert((block.place + Double(taken), rest), at: 0)
                        break
                    }
                    hasMoved = hasMoved || taken > 0
                }
            }
            mixer.advanceClock(to: HostTime(nanoseconds: 1_000_000_000 + Int64(now * 1e9)))
            let leader = (tracks.indices.map { mixer.position(track: $0) }).max() ?? 0
            history.append((awake, leader))
            guard reads else { return }
            let (count, channels) = (mixer.readyFrameCount(), channelCount)
            guard count > 0 else { continue }
            var samples: [Int16] = []
            var rest = Int(count)
            while rest > 0 {
                rest -= mixer.read(atMost: rest) { bytes in
                    unsafe bytes.withUnsafeBytes { memory in
                        for index in 0..<memory.count / 2 {
                            samples.append(unsafe memory.loadUnaligned(fromByteOffset: 2 * index, as: Int16.self))
                        }
                    }
                    return bytes.byteCount / (2 * channels)
                }
            }
            file += samples
            hasMoved = true
            gaps += mixer.takeGaps()
            judgeDelay()
        }
    }

    /// REC-3: what a track had a second ago is in the file.
    private mutating func judgeDelay() {
        let due = history.last { $0.awake <= awake - 1.000001 }?.leader ?? 0
        let written = Int64(file.count / channelCount)
        if written < due { complaints.append("at \(awake) s \(written) frames are written, \(due) are due") }
    }

    /// What is not as it should be.
    func failures() -> [String] {
        var failures = complaints
        let frameCount = Int64(file.count / channelCount)
        var channel = 0
        for (index, oracle) in oracles.enumerated() {
            var wrong = 0
            for index in 0..<Int(frameCount) * oracle.channelCount {
                let (position, one) = index.quotientAndRemainder(dividingBy: oracle.channelCount)
                let want = index < oracle.samples.count ? oracle.samples[index] : 0
                if file[position * channelCount + channel + one] != want { wrong += 1 }
            }
            if wrong > 0 { failures.append("track \(index): \(wrong) samples are wrong") }
            let counts = mixer.counts(track: index)
            // REC-2
            if counts.frameCount != frameCount { failures.append("track \(index): \(counts) of \(frameCount) frames") }
            if counts.sourceFrameCount != oracle.capturedCount || counts.capturedFrameCount != oracle.capturedCount {
                failures.append("track \(index): \(counts), captured \(oracle.capturedCount)")
            }
            if counts.droppedFrameCount != oracle.lateCount {
                failures.append("track \(index): \(counts), late \(oracle.lateCount)")
            }
            if counts.placedFrameCount != oracle.placedCount { failures.append("track \(index): \(counts)") }
            let own = gaps.filter { $0.channels == nil || $0.channels?.first == channel + 1 }
            if own.reduce(0, { $0 + $1.frameCount }) != counts.gapFrameCount {
                failures.append("track \(index): \(counts), gaps \(own)")
            }
            // A gap is silent.
            for gap in own {
                let (first, count) = (Int(gap.firstFrame), Int(gap.frameCount))
                let range = first * oracle.channelCount..<(first + count) * oracle.channelCount
                if oracle.samples[range.clamped(to: oracle.samples.indices)].contains(where: { $0 != 0 }) {
                    failures.append("track \(index): \(gap) has frames")
                }
            }
            channel += oracle.channelCount
        }
        return failures
    }
}
