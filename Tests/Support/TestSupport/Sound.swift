public import Foundation

/// The samples of a file, as whole numbers.
public struct Sound: Sendable {
    public var rate: Int
    public var channels: Int
    public var bits: Int
    public var isFloat: Bool
    /// Interleaved. Whole numbers as they are stored; floats times 2^23.
    public var numbers: [Int32]
    /// The bytes of the samples as they are stored.
    public var bytes: Data

    public var frames: Int { channels == 0 ? 0 : numbers.count / channels }

    /// One channel, full scale being 1.
    public func channel(_ channel: Int) -> [Double] {
        let scale = isFloat ? 8_388_608 : pow(2, Double(bits - 1))
        return stride(from: channel, to: numbers.count, by: channels).map { Double(numbers[$0]) / scale }
    }

    init(rate: Int, channels: Int, bits: Int, isFloat: Bool, bytes: Data) {
        self.rate = rate
        self.channels = channels
        self.bits = bits
        self.isFloat = isFloat
        self.bytes = bytes
        let width = bits / 8
        let stored = [UInt8](bytes)
        numbers = (0..<stored.count / width).map { index in
            var word: UInt32 = 0
            for byte in 0..<width { word |= UInt32(stored[index * width + byte]) << (8 * UInt32(byte)) }
            if isFloat { return Int32((Float(bitPattern: word) * 8_388_608).rounded()) }
            let unused = UInt32(32 - bits)
            return Int32(bitPattern: word << unused) >> Int32(unused)
        }
    }
}
