import Audio
import Synchronization

@testable import RecorderIO

/// A track's feed that writes down what it gets.
final class NotedFeed: TrackFeed {
    enum Note: Equatable {
        case frames([UInt8], AudioFormat, HostTime, FrameClock)
        case pause(HostTime)
        case resume(HostTime)
    }

    private let written = Mutex<[Note]>([])

    var notes: [Note] { written.withLock { $0 } }

    func put(_ bytes: RawSpan, _ format: AudioFormat, at hostTime: HostTime, clock: FrameClock) {
        let copy = unsafe bytes.withUnsafeBytes { unsafe Array($0) }
        written.withLock { $0.append(.frames(copy, format, hostTime, clock)) }
    }

    func pause(at hostTime: HostTime) { written.withLock { $0.append(.pause(hostTime)) } }

    func resume(at hostTime: HostTime) { written.withLock { $0.append(.resume(hostTime)) } }

    /// All frames, one by one: the number that `Numbered` gave each, and its time.
    var frames: [NumberedFrame] {
        notes.flatMap { note -> [NumberedFrame] in
            guard case .frames(let bytes, let format, let hostTime, _) = note else { return [] }
            return Numbered.numbers(bytes, format).enumerated().map { index, number in
                NumberedFrame(
                    number: number,
                    nanoseconds: hostTime.advanced(byFrames: Int64(index), at: format.sampleRate).nanoseconds
                )
            }
        }
    }
}

struct NumberedFrame: Equatable {
    var number: Int
    var nanoseconds: Int64

    /// The same frame at the same time, but for roundings that are far below a frame.
    func isClose(to other: NumberedFrame) -> Bool {
        number == other.number && abs(nanoseconds - other.nanoseconds) < 1000
    }
}

/// Frames whose bytes tell which they are.
enum Numbered {
    static let formats = [
        AudioFormat(sampleFormat: .s32, sampleRate: 48000, channelCount: 1),
        AudioFormat(sampleFormat: .float, sampleRate: 24000, channelCount: 2),
        AudioFormat(sampleFormat: .s24Packed, sampleRate: 44100, channelCount: 1),
        AudioFormat(sampleFormat: .s24Packed, sampleRate: 16000, channelCount: 3),
        AudioFormat(sampleFormat: .s16, sampleRate: 8000, channelCount: 2),
    ]

    static func frames(_ numbers: Range<Int>, _ format: AudioFormat) throws -> AudioFrames {
        var bytes: [UInt8] = []
        for number in numbers {
            for index in 0..<format.bytesPerFrame {
                bytes.append(UInt8(truncatingIfNeeded: index < 3 ? number >> (8 * index) : number &* index))
            }
        }
        return try AudioFrames(bytes, format: format)
    }

    /// -1 where a frame is not whole.
    static func numbers(_ bytes: [UInt8], _ format: AudioFormat) -> [Int] {
        stride(from: 0, to: bytes.count, by: format.bytesPerFrame).map { start in
            let frame = bytes[start..<min(bytes.count, start + format.bytesPerFrame)]
            guard frame.count == format.bytesPerFrame else { return -1 }
            let number = Int(frame[start]) | Int(frame[start + 1]) << 8 | Int(frame[start + 2]) << 16
            var isWhole = true
            for index in 3..<max(3, frame.count)
            where frame[start + index] != UInt8(truncatingIfNeeded: number &* index) {
                isWhole = false
            }
            return isWhole ? number : -1
        }
    }
}

/// Time that passes only when told to.
final class HandClock: Sendable {
    private let nanoseconds: Mutex<Int64>

    init(_ time: HostTime = HostTime(nanoseconds: 7_000_000_000_000)) { nanoseconds = Mutex(time.nanoseconds) }

    var now: HostTime { nanoseconds.withLock { HostTime(nanoseconds: $0) } }

    func advance(seconds: Double) { nanoseconds.withLock { $0 += Int64(seconds * 1e9) } }

    func advance(to time: HostTime) { nanoseconds.withLock { $0 = max($0, time.nanoseconds) } }
}
