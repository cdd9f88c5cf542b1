/// The first bytes of a WAV file that can become RF64 in place (EBU Tech 3306).
///
/// A chunk for the 64-bit sizes is reserved from the first write, as `JUNK`; libsndfile's own header follows it. A
/// file that grows past 4 GiB turns `RIFF` into `RF64` and `JUNK` into `ds64`, and moves nothing (REC-8).
package struct WAVEnvelope {
    /// Bytes that stand between libsndfile's `WAVE` and its next chunk.
    package static let reservedByteCount = 36
    /// `RIFF`, size, `WAVE`, and the reserved chunk.
    package static let byteCount = 12 + reservedByteCount

    /// Size of the whole file.
    package var fileByteCount: Int64
    /// Size of the samples alone.
    package var dataByteCount: Int64
    package var frameCount: Int64

    package init(fileByteCount: Int64, dataByteCount: Int64, frameCount: Int64) {
        self.fileByteCount = fileByteCount
        self.dataByteCount = dataByteCount
        self.frameCount = frameCount
    }

    /// True if the sizes no longer fit a plain WAV; then the size in the `data` chunk's head is 0xFFFFFFFF.
    package var is64Bit: Bool { fileByteCount - 8 >= Int64(UInt32.max) }

    package var bytes: [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(Self.byteCount)
        let riffByteCount = fileByteCount - 8
        if is64Bit {
            bytes += Array("RF64".utf8) + Self.littleEndian(UInt64(UInt32.max), 4) + Array("WAVEds64".utf8)
            bytes += Self.littleEndian(28, 4) + sizes64 + Self.littleEndian(0, 4)
        } else {
            bytes += Array("RIFF".utf8) + Self.littleEndian(UInt64(riffByteCount), 4) + Array("WAVEJUNK".utf8)
            bytes += Self.littleEndian(28, 4) + [UInt8](repeating: 0, count: 28)
        }
        return bytes
    }

    /// Where `sizes64` stands in an RF64 file.
    package static let sizes64Offset: Int64 = 20

    /// The sizes in a `ds64` chunk: of the RIFF form, of the samples, and the number of frames.
    package var sizes64: [UInt8] {
        Self.littleEndian(UInt64(fileByteCount - 8), 8) + Self.littleEndian(UInt64(dataByteCount), 8)
            + Self.littleEndian(UInt64(frameCount), 8)
    }

    /// What the `data` chunk's head says.
    package var dataSizeField: [UInt8] { Self.littleEndian(is64Bit ? UInt64(UInt32.max) : UInt64(dataByteCount), 4) }

    private static func littleEndian(_ value: UInt64, _ count: Int) -> [UInt8] {
        (0..<count).map { UInt8(truncatingIfNeeded: value >> (8 * UInt64($0))) }
    }
}
