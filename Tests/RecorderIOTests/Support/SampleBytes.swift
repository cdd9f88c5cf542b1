import Audio

@testable import RecorderIO

/// Samples as bytes, by a second, slow way.
enum SampleBytes {
    /// From the upper bits of words.
    static func bytes(_ words: [Int32], _ format: SampleFormat) -> [UInt8] {
        words.flatMap { word -> [UInt8] in
            switch format {
            case .s16: little(UInt32(bitPattern: word >> 16), 2)
            case .s24Packed: little(UInt32(bitPattern: word >> 8), 3)
            case .s24: little(UInt32(bitPattern: word >> 8), 4)
            case .s32: little(UInt32(bitPattern: word), 4)
            case .float: little((Float(word) / 2_147_483_648).bitPattern, 4)
            }
        }
    }

    /// Back to words, in their upper bits.
    static func values(_ bytes: [UInt8], _ format: SampleFormat) -> [Int32] {
        let size = format.byteCount
        return (0..<bytes.count / size).map { index in
            var word: UInt32 = 0
            for byte in 0..<size { word |= UInt32(bytes[index * size + byte]) << (8 * UInt32(byte)) }
            switch format {
            case .s16: return Int32(bitPattern: word << 16)
            case .s24Packed, .s24: return Int32(bitPattern: word << 8)
            case .s32: return Int32(bitPattern: word)
            case .float:
                let scaled = (Double(Float(bitPattern: word)) * 2_147_483_648).rounded()
                return Int32(max(-2_147_483_648, min(2_147_483_647, scaled)))
            }
        }
    }

    private static func little(_ word: UInt32, _ size: Int) -> [UInt8] {
        (0..<size).map { UInt8(truncatingIfNeeded: word >> (8 * UInt32($0))) }
    }
}

extension TrackMixer {
    mutating func put<Sample: BitwiseCopyable>(_ samples: [Sample], track: Int, at place: Double) -> Int {
        put(unsafe samples.span.bytes, track: track, at: place)
    }

    /// Reads all that is ready, a piece at a time; returns how many frames that was.
    mutating func readAll(_ body: ([UInt8]) -> Void) -> Int64 {
        let (frameCount, bytesPerFrame) = (readyFrameCount(), format.bytesPerFrame)
        var rest = frameCount
        while rest > 0 {
            rest -= Int64(
                read(atMost: Int(min(rest, 1000))) { bytes in
                    body(unsafe bytes.withUnsafeBytes { unsafe Array($0) })
                    return bytes.byteCount / bytesPerFrame
                }
            )
        }
        return frameCount
    }
}

extension Resampler {
    func process(_ samples: [Float], ratio: Double) -> Int {
        process(unsafe samples.span.bytes, .float, ratio: ratio)
    }
}
