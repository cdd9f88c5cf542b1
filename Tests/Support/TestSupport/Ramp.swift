public import Foundation

/// Sound in which each sample tells its frame and channel; the same as `Fixtures/generate ramp` makes.
public struct Ramp: Sendable, CustomStringConvertible {
    /// ALSA's name: `S16_LE`, `S24_3LE`, `S24_LE`, `S32_LE` or `FLOAT_LE`.
    public let format: String
    public let channels: Int
    public let rate: Int
    private let width: Width

    private enum Width { case bits16, bits24, bits32 }

    public static let formats = ["S16_LE", "S24_3LE", "S24_LE", "S32_LE", "FLOAT_LE"]

    public init(_ format: String = "S32_LE", channels: Int = 2, rate: Int = 48000) {
        self.format = format
        self.channels = channels
        self.rate = rate
        width =
            switch format {
            case "S16_LE": .bits16
            case "S32_LE": .bits32
            default: .bits24
            }
    }

    public var description: String { "\(format), \(channels) channels, \(rate) Hz" }

    /// Frames after which it repeats.
    public var cycle: Int {
        switch width {
        case .bits16: 1 << 16
        case .bits24: 1 << 18
        case .bits32: 1 << 26
        }
    }

    /// One sample as a number of the format's width; for FLOAT_LE the number that is divided by 2^23.
    public func number(frame: Int, channel: Int) -> Int32 {
        switch width {
        case .bits16: Int32(Int16(truncatingIfNeeded: frame + 257 * channel))
        case .bits32: Int32(truncatingIfNeeded: (frame & (1 << 26 - 1)) * 64 + channel)
        // Sign-extended from 24 bits.
        case .bits24: Int32(truncatingIfNeeded: ((frame & (1 << 18 - 1)) * 64 + channel) << 8) >> 8
        }
    }

    /// The samples as ALSA hands them over, interleaved.
    public func bytes(frames: Int) -> Data {
        let isFloat = format == "FLOAT_LE"
        let byteCount: UInt32 = format == "S16_LE" ? 2 : format == "S24_3LE" ? 3 : 4
        var bytes: [UInt8] = []
        bytes.reserveCapacity(frames * channels * Int(byteCount))
        for frame in 0..<frames {
            for channel in 0..<channels {
                let number = number(frame: frame, channel: channel)
                let word = isFloat ? (Float(number) / 8_388_608).bitPattern : UInt32(bitPattern: number)
                for byte in 0..<byteCount { bytes.append(UInt8(truncatingIfNeeded: word >> (8 * byte))) }
            }
        }
        return Data(bytes)
    }

    /// The frame of the ramp that a frame of samples is; nil if it is none. Frames are told apart up to `cycle`.
    public func frame(of numbers: ArraySlice<Int32>) -> Int? {
        guard let first = numbers.first else { return nil }
        let frame =
            switch width {
            case .bits16: Int(UInt16(truncatingIfNeeded: first))
            case .bits32: Int(UInt32(bitPattern: first) / 64)
            case .bits24: Int((UInt32(bitPattern: first) & 0xFF_FFFF) / 64)
            }
        var channel = 0
        for number in numbers {
            guard number == self.number(frame: frame, channel: channel) else { return nil }
            channel += 1
        }
        return frame
    }
}

/// Frames of a recording that belong together.
public struct Run: Equatable, Sendable {
    public enum Content: Equatable, Sendable {
        case silence
        /// The ramp, in order. `offset` is the ramp's frame minus the place in the recording: 0 at its true place.
        case ramp(offset: Int)
        case other
    }

    /// The first frame's place in the recording.
    public var place: Int
    public var frames: Int
    public var content: Content

    public init(_ place: Int, _ frames: Int, _ content: Content) {
        self.place = place
        self.frames = frames
        self.content = content
    }

    public var end: Int { place + frames }
}

extension Ramp {
    /// Which frame of the ramp is at which place of a recording, and where zeros are.
    public func runs(in sound: Sound) -> [Run] {
        var runs: [Run] = []
        var expected = 0
        for place in 0..<sound.frames {
            let numbers = sound.numbers[place * channels..<(place + 1) * channels]
            let content: Run.Content
            if let frame = frame(of: numbers), frame == expected & (cycle - 1) {
                // It goes on; this also tells frame 0 of the first channel from silence.
                content = .ramp(offset: expected - place)
            } else if numbers.allSatisfy({ $0 == 0 }) {
                content = .silence
            } else if let frame = frame(of: numbers) {
                // The nearest frame of that number to this place.
                let offset = (frame - place) & (cycle - 1)
                content = .ramp(offset: offset > cycle / 2 ? offset - cycle : offset)
            } else {
                content = .other
            }
            if case .ramp(let offset) = content { expected = place + offset + 1 }
            if let last = runs.last, last.content == content {
                runs[runs.count - 1].frames += 1
            } else {
                runs.append(Run(place, 1, content))
            }
        }
        return runs
    }
}
