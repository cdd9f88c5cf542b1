import Audio
import Capture
import TestSupport

@testable import RecorderIO

/// Two devices with clocks of their own, as the recorder sees them: blocks come when they come, each into a timeline of the
/// track's own; twice a second everything is put into the file, whose timeline is the first device's.
struct TwoDevices: ~Copyable {
    private struct Side {
        let device: SyntheticDevice
        let take: SyntheticTake
        var timeline: TrackTimeline
        var nextBlock = 0
        /// Frames that have come, and been given on; those and silence.
        var arrived: Int64 = 0
        var given: Int64 = 0
        var frame: Int64 = 0
        var step: TrackTimeline.Step?
    }

    private var sides: [Side] = []
    private let format: AudioFormat
    private let seconds: Double
    private(set) var mixer: TrackMixer

    /// - Parameter devices: the input, and the output.
    init(_ devices: [SyntheticDevice], seed: UInt64, sampleFormat: SampleFormat = .float) throws {
        var random = Random(seed: seed)
        format = AudioFormat(sampleFormat: sampleFormat, sampleRate: devices[0].rate, channelCount: 2)
        seconds = devices[0].seconds
        for device in devices {
            let audio = AudioFormat(sampleFormat: sampleFormat, sampleRate: device.rate, channelCount: 1)
            let timeline = TrackTimeline(format: audio, periodFrameCount: Int(device.periodFrameCount))
            sides.append(Side(device: device, take: device.take(using: &random), timeline: timeline))
        }
        func audio(_ side: Int) -> AudioFormat {
            AudioFormat(sampleFormat: sampleFormat, sampleRate: devices[side].rate, channelCount: 1)
        }
        mixer = try TrackMixer(
            fileFormat: format,
            tracks: [
                TrackFormat(audio(0), pace: .exact, holeCause: .unreported), TrackFormat(audio(1), pace: .measured),
            ]
        )
    }

    /// Plays everything.
    ///
    /// - Parameters:
    ///   - sound: a device's frames of its grid, from one on, so many, into the array.
    ///   - file: gets the file's frames, interleaved.
    mutating func run<Sample: BitwiseCopyable>(
        zero: Sample,
        sound: (_ side: Int, _ grid: Int64, _ frames: inout [Sample], _ count: Int) -> Void,
        file: (RawSpan) -> Void
    ) {
        var samples = [Sample](repeating: zero, count: 8192)
        var now = SyntheticDevice.origin
        let end = now + Int64((seconds + 1) * 1e9)
        while now < end {
            now += 500_000_000
            for side in sides.indices { accept(side, before: now) }
            var hasMoved = true
            while hasMoved {
                hasMoved = false
                for side in sides.indices where put(side, now, &samples, sound) { hasMoved = true }
                mixer.advanceClock(to: HostTime(nanoseconds: now))
                if read(file) { hasMoved = true }
            }
        }
        for side in sides.indices { mixer.end(track: side) }
        _ = read(file)
    }

    private mutating func accept(_ side: Int, before now: Int64) {
        let blocks = sides[side].take.blocks
        while sides[side].nextBlock < blocks.count, blocks[sides[side].nextBlock].hostTime.nanoseconds <= now {
            sides[side].timeline.accept(blocks[sides[side].nextBlock])
            sides[side].nextBlock += 1
        }
    }

    private mutating func put<Sample: BitwiseCopyable>(
        _ side: Int,
        _ now: Int64,
        _ samples: inout [Sample],
        _ sound: (_ side: Int, _ grid: Int64, _ frames: inout [Sample], _ count: Int) -> Void
    ) -> Bool {
        let step = sides[side].step ?? sides[side].timeline.nextStep(now: HostTime(nanoseconds: now))
        sides[side].step = nil
        let frame = sides[side].frame
        switch step {
        case nil: return false
        case .silence(let count, let cause):
            guard let place = place(side, frame + count) else { return false }
            mixer.leaveOut(track: side, until: place, cause)
            sides[side].frame += count
        case .frames(let count):
            guard let place = place(side, frame) else { return false }
            let grid = sides[side].take.grid(sides[side].given)
            var piece = Int(min(count, 8192))
            // A piece is of one run of the grid.
            if let next = sides[side].take.runs.first(where: { $0.captured > sides[side].given }) {
                piece = min(piece, Int(next.captured - sides[side].given))
            }
            sound(side, grid, &samples, piece)
            let taken = mixer.put(unsafe samples.span.extracting(0..<piece).bytes, track: side, at: place)
            sides[side].given += Int64(taken)
            sides[side].frame += Int64(taken)
            if Int64(taken) < count { sides[side].step = .frames(count - Int64(taken)) }
            return taken > 0
        }
        return true
    }

    private func place(_ side: Int, _ frame: Int64) -> Double? {
        guard side > 0 else { return Double(frame) }
        let timebase = Timebase(zero: .device, rate: format.sampleRate, clock: sides[0].timeline.clock)
        return timebase.place(ofFrame: frame, of: sides[side].timeline.clock, isInput: false)
    }

    private mutating func read(_ file: (RawSpan) -> Void) -> Bool {
        let bytesPerFrame = format.bytesPerFrame
        var rest = mixer.readyFrameCount()
        guard rest > 0 else { return false }
        while rest > 0 {
            rest -= Int64(
                mixer.read(atMost: 1 << 16) { bytes in
                    file(bytes)
                    return bytes.byteCount / bytesPerFrame
                }
            )
        }
        return true
    }
}
