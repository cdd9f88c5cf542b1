import Foundation

/// What is wrong with a sound file.
public struct InvalidSoundFile: Error, CustomStringConvertible {
    public var description: String
}

/// Reads WAV, RF64 and W64, and shares nothing with the program: what in a file contradicts itself or its size is an
/// error, however harmless a lenient reader would find it.
public struct SoundFileReader {
    private let bytes: Data
    private let path: String
    private var sound: (rate: Int, channels: Int, bits: Int, isFloat: Bool)?
    private var dataRange: Range<Int>?
    /// What `fact` or `ds64` says.
    private var frameClaims: [Int] = []
    /// Bytes of a count: 4, and 8 in W64.
    private var countWidth = 4
    private var peaks: Range<Int>?

    /// Reads a file whole.
    ///
    /// - Parameter container: `wav`, `rf64` or `w64`: the file must be of that kind.
    public static func read(_ path: String, as container: String = "wav") throws -> Sound {
        var reader = SoundFileReader(bytes: try Data(contentsOf: URL(fileURLWithPath: path)), path: path)
        switch container {
        case "wav": try reader.readRIFF()
        case "rf64": try reader.readRF64()
        case "w64": try reader.readW64()
        default: throw InvalidSoundFile(description: "no reader for \(container)")
        }
        return try reader.result()
    }

    private init(bytes: Data, path: String) {
        self.bytes = bytes
        self.path = path
    }

    private func require(_ isTrue: Bool, _ what: @autoclosure () -> String) throws {
        guard isTrue else { throw InvalidSoundFile(description: "\(path): \(what())") }
    }

    private func text(_ offset: Int) -> String {
        String(decoding: bytes[offset..<min(offset + 4, bytes.count)], as: UTF8.self)
    }

    private func number(_ offset: Int, _ width: Int) -> Int {
        (0..<width).reduce(0) { $0 | Int(bytes[offset + $1]) << (8 * $1) }
    }

    private func result() throws -> Sound {
        guard let sound else { throw InvalidSoundFile(description: "\(path): no fmt chunk") }
        guard let dataRange else { throw InvalidSoundFile(description: "\(path): no data chunk") }
        let frameBytes = sound.channels * sound.bits / 8
        try require(dataRange.count % frameBytes == 0, "\(dataRange.count) data bytes are no whole frames")
        for claim in frameClaims {
            try require(claim == dataRange.count / frameBytes, "\(claim) frames claimed in \(dataRange.count) bytes")
        }
        let read = Sound(
            rate: sound.rate,
            channels: sound.channels,
            bits: sound.bits,
            isFloat: sound.isFloat,
            bytes: bytes.subdata(in: dataRange)
        )
        try checkPeaks(of: read)
        return read
    }

    /// A PEAK chunk must say what is true: for each channel a float, and the frame where it stands.
    private func checkPeaks(of sound: Sound) throws {
        guard let peaks else { return }
        try require(peaks.count == 8 + 8 * sound.channels, "PEAK of \(peaks.count) bytes")
        for channel in 0..<sound.channels {
            let peak = Float(bitPattern: UInt32(number(peaks.lowerBound + 8 + 8 * channel, 4)))
            let largest = sound.channel(channel).reduce(0) { max($0, abs($1)) }
            try require(peak == Float(largest), "a peak of \(peak) claimed where it is \(largest)")
        }
    }

    // MARK: WAV and RF64

    private mutating func readRIFF() throws {
        try require(bytes.count >= 44 && text(0) == "RIFF" && text(8) == "WAVE", "no RIFF WAVE")
        try require(number(4, 4) == bytes.count - 8, "RIFF size \(number(4, 4)) in \(bytes.count) bytes")
        try readChunks(dataSize: nil)
    }

    private mutating func readRF64() throws {
        try require(bytes.count >= 80 && text(0) == "RF64" && text(8) == "WAVE", "no RF64 WAVE")
        try require(number(4, 4) == 0xFFFF_FFFF, "RF64 with a 32-bit size")
        try require(text(12) == "ds64" && number(16, 4) >= 28, "ds64 is not the first chunk")
        try require(number(20, 8) == bytes.count - 8, "RF64 size \(number(20, 8)) in \(bytes.count) bytes")
        try require(number(44, 4) == 0 && number(16, 4) == 28, "a table of sizes without a need")
        frameClaims.append(number(36, 8))
        try readChunks(dataSize: number(28, 8))
    }

    private mutating func readChunks(dataSize: Int?) throws {
        var offset = 12
        while offset < bytes.count {
            try require(offset + 8 <= bytes.count, "\(bytes.count - offset) bytes too many at the end")
            let name = text(offset)
            var size = number(offset + 4, 4)
            if name == "data", let dataSize {
                try require(size == 0xFFFF_FFFF, "a 32-bit data size in RF64")
                size = dataSize
            }
            let body = offset + 8
            try require(body + size <= bytes.count, "\(name) of \(size) bytes leaves the file")
            try take(name, body..<body + size)
            if size % 2 == 1 { try require(body + size < bytes.count, "\(name) lacks its pad byte") }
            offset = body + size + size % 2
        }
        try require(offset == bytes.count, "the last chunk ends at \(offset) in \(bytes.count) bytes")
    }

    private mutating func take(_ name: String, _ body: Range<Int>) throws {
        switch name {
        case "fmt ": try takeFormat(body)
        case "fact":
            try require(body.count == countWidth, "fact of \(body.count) bytes")
            frameClaims.append(number(body.lowerBound, countWidth))
        case "PEAK":
            peaks = body
        case "data":
            try require(sound != nil, "data before fmt")
            try require(dataRange == nil, "two data chunks")
            dataRange = body
        case "ds64", "JUNK", "PAD ", "LIST": break
        default: throw InvalidSoundFile(description: "\(path): unknown chunk \(name)")
        }
    }

    private mutating func takeFormat(_ body: Range<Int>) throws {
        try require(sound == nil, "two fmt chunks")
        try require([16, 18, 40].contains(body.count), "fmt of \(body.count) bytes")
        let start = body.lowerBound
        var tag = number(start, 2)
        let channels = number(start + 2, 2)
        let rate = number(start + 4, 4)
        let bits = number(start + 14, 2)
        try require(channels > 0 && rate > 0 && [16, 24, 32].contains(bits), "\(channels) channels of \(bits) bits")
        try require(number(start + 12, 2) == channels * bits / 8, "block align \(number(start + 12, 2))")
        try require(number(start + 8, 4) == rate * channels * bits / 8, "byte rate \(number(start + 8, 4))")
        if body.count > 16 { try require(number(start + 16, 2) == body.count - 18, "fmt with a wrong extension") }
        if tag == 0xFFFE {
            try require(body.count == 40, "extensible fmt of \(body.count) bytes")
            try require(number(start + 18, 2) == bits, "\(number(start + 18, 2)) valid bits of \(bits)")
            let speakers = UInt(number(start + 20, 4)).nonzeroBitCount
            try require(speakers <= channels, "\(speakers) speakers for \(channels) channels")
            tag = number(start + 24, 2)
            let rest: [UInt8] = [0, 0, 0, 0, 0x10, 0, 0x80, 0, 0, 0xAA, 0, 0x38, 0x9B, 0x71]
            try require([UInt8](bytes[start + 26..<start + 40]) == rest, "unknown subformat")
        }
        try require(tag == 1 || tag == 3 && bits == 32, "format tag \(tag) of \(bits) bits")
        sound = (rate, channels, bits, tag == 3)
    }

    // MARK: W64

    private static let riff: [UInt8] = [
        0x72, 0x69, 0x66, 0x66, 0x2E, 0x91, 0xCF, 0x11, 0xA5, 0xD6, 0x28, 0xDB, 0x04, 0xC1, 0x00, 0x00,
    ]
    /// The end of the other names.
    private static let tail: [UInt8] = [0xF3, 0xAC, 0xD3, 0x11, 0x8C, 0xD1, 0x00, 0xC0, 0x4F, 0x8E, 0xDB, 0x8A]

    private mutating func readW64() throws {
        countWidth = 8
        try require(bytes.count >= 40 && [UInt8](bytes[0..<16]) == Self.riff, "no W64")
        try require(number(16, 8) == bytes.count, "W64 size \(number(16, 8)) in \(bytes.count) bytes")
        try require(text(24) == "wave" && [UInt8](bytes[28..<40]) == Self.tail, "no wave in W64")
        var offset = 40
        while offset < bytes.count {
            try require(offset + 24 <= bytes.count, "\(bytes.count - offset) bytes too many at the end")
            try require([UInt8](bytes[offset + 4..<offset + 16]) == Self.tail, "unknown W64 chunk at \(offset)")
            let size = number(offset + 16, 8)
            try require(size >= 24 && offset + size <= bytes.count, "W64 chunk of \(size) bytes at \(offset)")
            try take(text(offset), offset + 24..<offset + size)
            offset += size
            // Chunks start at multiples of 8; the last one may leave its padding out.
            if offset < bytes.count { offset = (offset + 7) / 8 * 8 }
        }
        try require(offset == bytes.count, "the last chunk ends at \(offset) in \(bytes.count) bytes")
    }
}
