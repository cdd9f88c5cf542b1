import Audio
import Foundation

@testable import RecorderIO

/// What a `FixtureSpeaker` wrote down: the truth about what was heard when.
struct HeardAudio {
    struct Stretch {
        var startedAt: Int64
        var rate: Int
        var bytesPerFrame: Int
        var bytes: [UInt8]
    }

    var stretches: [Stretch] = []

    init(_ file: String) throws {
        guard FileManager.default.fileExists(atPath: file) else { return }
        var rest = [UInt8](try Data(contentsOf: URL(fileURLWithPath: file)))[...]
        while !rest.isEmpty {
            let startedAt = Self.integer(&rest, 8)
            let count = Int(Self.integer(&rest, 8))
            let rate = Int(Self.integer(&rest, 4))
            let bytesPerFrame = Int(Self.integer(&rest, 4))
            let bytes = Array(rest.prefix(count * bytesPerFrame))
            rest = rest.dropFirst(bytes.count)
            stretches.append(Stretch(startedAt: startedAt, rate: rate, bytesPerFrame: bytesPerFrame, bytes: bytes))
        }
    }

    private static func integer(_ bytes: inout ArraySlice<UInt8>, _ count: Int) -> Int64 {
        defer { bytes = bytes.dropFirst(count) }
        return bytes.prefix(count).reversed().reduce(0) { $0 << 8 | Int64($1) }
    }

    /// All frames in the order in which they were heard, but for silence, which is frame 0.
    func frames(_ format: AudioFormat, ppm: Double = 0) -> [NumberedFrame] {
        stretches.flatMap { stretch -> [NumberedFrame] in
            guard stretch.bytesPerFrame == format.bytesPerFrame, stretch.rate == format.sampleRate else { return [] }
            let period = 1e9 / (Double(stretch.rate) * (1 + ppm * 1e-6))
            return Numbered.numbers(stretch.bytes, format).enumerated().compactMap { index, number in
                let time = stretch.startedAt + Int64(Double(index) * period)
                return number == 0 ? nil : NumberedFrame(number: number, nanoseconds: time)
            }
        }
    }
}
