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
        if is64Bit {
            bytes.append(contentsOf: "RF64".utf8)
            bytes.append(littleEndian: Int64(UInt32.max), byteCount: 4)
            bytes.append(contentsOf: "WAVEds64".utf8)
            bytes.append(littleEndian: 28, byteCount: 4)
            append(sizes64To: &bytes)
            bytes.append(littleEndian: 0, byteCount: 4)
        } else {
            bytes.append(contentsOf: "RIFF".utf8)
            bytes.append(littleEndian: fileByteCount - 8, byteCount: 4)
            bytes.append(contentsOf: "WAVEJUNK".utf8)
            bytes.append(littleEndian: 28, byteCount: 4)
            bytes.append(contentsOf: repeatElement(0, count: 28))
        }
        return bytes
    }

    /// Where `sizes64` stands in an RF64 file.
    package static let sizes64Offset: Int64 = 20

    /// The sizes in a `ds64` chunk: of the RIFF form, of the samples, and the number of frames.
    package var sizes64: [UInt8] {
        var bytes: [UInt8] = []
        append(sizes64To: &bytes)
        return bytes
    }

    private func append(sizes64To bytes: inout [UInt8]) {
        for size in [fileByteCount - 8, dataByteCount, frameCount] { bytes.append(littleEndian: size, byteCount: 8) }
    }

    /// What the `data` chunk's head says.
    package var dataSizeField: [UInt8] {
        var bytes: [UInt8] = []
        bytes.append(littleEndian: is64Bit ? Int64(UInt32.max) : dataByteCount, byteCount: 4)
        return bytes
    }
}

extension [UInt8] {
    fileprivate mutating func append(littleEndian value: Int64, byteCount: Int) {
        for byte in 0..<byteCount { append(UInt8(truncatingIfNeeded: value >> Int64(8 * byte))) }
    }
}
