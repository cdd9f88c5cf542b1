internal import Audio
internal import RecorderIO

/// The head of a WAV, RF64 or W64 file, up to its first sample. Only what no crash can leave half-written is read from it.
struct PCMHeader {
    /// All bytes before the samples.
    let bytes: [UInt8]
    let format: AudioFormat
    /// Where the contents of chunks start, by name.
    private let bodies: [String: Int]

    /// More than any header that the recorder writes.
    private static let limit = 4096

    init(_ file: inout PartBytes) throws(RepairError) {
        let head = try file.bytes(at: 0, count: Self.limit)
        let isW64 = file.container == .w64
        guard head.count >= WAVEnvelope.byteCount else { throw file.noAudio }
        guard isW64 ? Self.isW64(head) : Self.isRIFF(head, file.container) else { throw file.unreadable }
        var bodies: [String: Int] = [:]
        var format: AudioFormat?
        var offset = isW64 ? 40 : WAVEnvelope.byteCount
        // The name and the size of a chunk. In W64 both are longer, and the size counts them.
        let headByteCount = isW64 ? 24 : 8
        while true {
            let body = offset + headByteCount
            guard body <= head.count else { throw head.count < Self.limit ? file.noAudio : file.unreadable }
            guard let name = Self.name(head, offset, isW64) else { throw file.unreadable }
            if name == "data" {
                guard let format else { throw file.unreadable }
                self.format = format
                self.bodies = bodies
                bytes = Array(head[..<body])
                return
            }
            let claim = isW64 ? head.number(at: offset + 16, 8) : head.number(at: offset + 4, 4) + 8
            guard claim >= headByteCount, claim <= Self.limit else { throw file.unreadable }
            bodies[name] = body
            let end = offset + Int(claim)
            if name == "fmt ", end <= head.count {
                format = Self.format(Array(head[body..<end]))
                guard format != nil else { throw file.unreadable }
            }
            offset = isW64 ? (end + 7) / 8 * 8 : end + end % 2
        }
    }

    /// The same bytes with sizes that are true.
    func bytes(_ container: Container, fileByteCount: Int64, frameCount: Int64) -> [UInt8] {
        var bytes = bytes
        let dataByteCount = frameCount * Int64(format.bytesPerFrame)
        let envelope = WAVEnvelope(
            fileByteCount: fileByteCount,
            dataByteCount: dataByteCount,
            frameCount: frameCount
        )
        switch container {
        case .w64:
            bytes.put(UInt64(fileByteCount), at: 16, 8)
            bytes.put(UInt64(dataByteCount) + 24, at: bytes.count - 8, 8)
            if let fact = bodies["fact"] { bytes.put(UInt64(frameCount), at: fact, 8) }
        case .rf64:
            let offset = Int(WAVEnvelope.sizes64Offset)
            // The peaks went with the process, unless it had just written them together with these sizes.
            if let peak = bodies["PEAK"], bytes.number(at: offset + 8, 8) != UInt64(dataByteCount) {
                bytes.replaceSubrange(peak - 8..<peak - 4, with: "JUNK".utf8)
            }
            bytes.replaceSubrange(offset..<offset + 24, with: envelope.sizes64)
        default:
            bytes.replaceSubrange(..<WAVEnvelope.byteCount, with: envelope.bytes)
            bytes.replaceSubrange((bytes.count - 4)..., with: envelope.dataSizeField)
            if let fact = bodies["fact"] { bytes.put(UInt64(UInt32(clamping: frameCount)), at: fact, 4) }
        }
        return bytes
    }

    // MARK: What the recorder writes

    private static func isRIFF(_ head: [UInt8], _ container: Container) -> Bool {
        // A WAV that has grown past 4 GiB is an RF64.
        guard head.says("RF64", at: 0) || container == .wav && head.says("RIFF", at: 0), head.says("WAVE", at: 8)
        else { return false }
        // The recorder fills the reserved chunk at the first sync.
        let reserve = head[12..<WAVEnvelope.byteCount]
        return reserve.allSatisfy { $0 == 0 }
            || (head.says("JUNK", at: 12) || head.says("ds64", at: 12)) && head.number(at: 16, 4) == 28
    }

    private static let riff: [UInt8] = [0x2E, 0x91, 0xCF, 0x11, 0xA5, 0xD6, 0x28, 0xDB, 0x04, 0xC1, 0x00, 0x00]
    /// The end of every other name in W64.
    private static let tail: [UInt8] = [0xF3, 0xAC, 0xD3, 0x11, 0x8C, 0xD1, 0x00, 0xC0, 0x4F, 0x8E, 0xDB, 0x8A]

    private static func isW64(_ head: [UInt8]) -> Bool {
        head.says("riff", at: 0) && head[4..<16].elementsEqual(riff) && head.says("wave", at: 24)
            && head[28..<40].elementsEqual(tail)
    }

    /// The name of a chunk, if the recorder writes such.
    private static func name(_ head: [UInt8], _ offset: Int, _ isW64: Bool) -> String? {
        guard !isW64 || head[offset + 4..<offset + 16].elementsEqual(tail) else { return nil }
        return ["fmt ", "fact", "data", "PAD ", "PEAK", "JUNK", "ds64"].first { head.says($0, at: offset) }
    }

    private static func format(_ chunk: [UInt8]) -> AudioFormat? {
        guard chunk.count >= 16 else { return nil }
        var tag = chunk.number(at: 0, 2)
        if tag == 0xFFFE {
            guard chunk.count >= 26 else { return nil }
            tag = chunk.number(at: 24, 2)
        }
        let sampleFormat: SampleFormat? =
            switch (tag, chunk.number(at: 14, 2)) {
            case (1, 16): .s16
            case (1, 24): .s24Packed
            case (1, 32): .s32
            case (3, 32): .float
            default: nil
            }
        guard let sampleFormat else { return nil }
        let format = AudioFormat(
            sampleFormat: sampleFormat,
            sampleRate: Int(chunk.number(at: 4, 4)),
            channelCount: Int(chunk.number(at: 2, 2))
        )
        guard format.sampleRate > 0, format.channelCount > 0 else { return nil }
        return format.bytesPerFrame == Int(chunk.number(at: 12, 2)) ? format : nil
    }
}
