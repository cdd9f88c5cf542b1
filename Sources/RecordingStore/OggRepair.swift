internal import Audio
internal import RecorderIO

/// Ogg: pages with a number, a position and a checksum, of which the last one is marked.
enum OggRepair {
    static func plan(for file: inout PartBytes) throws(RepairError) -> RepairPlan {
        // No sound fits in so little.
        guard file.byteCount > 128 else { throw file.noAudio }
        guard let first = try OggPage(at: 0, in: &file), let codec = try Codec(first, in: &file) else {
            throw file.unreadable
        }
        var whole = WholePart(start: 0, sampleRate: codec.format.sampleRate)
        var last = first
        var sequence: UInt64 = 0
        var offset: Int64 = 0
        // Pages in which no packet ends belong to the next one.
        var start: Int64 = 0
        var falseHeadCount = 0
        while falseHeadCount < RecordingRepair.falseHeadLimit, let byte = try file.byte(at: offset) {
            guard byte == 0x4F, try file.bytes(at: offset, count: 4).says("OggS", at: 0) else {
                offset += 1
                start = offset
                continue
            }
            guard let page = try OggPage(at: offset, in: &file), page.serial == first.serial,
                page.sequence == sequence || offset > whole.lastEnd && page.sequence > sequence,
                codec.frameCount(page.granule ?? .max) >= whole.lastFrameCount
            else {
                falseHeadCount += 1
                offset += 1
                start = offset
                continue
            }
            // Without its headers, the rest is noise.
            guard start == whole.lastEnd || whole.lastFrameCount > 0 else { throw file.unreadable }
            offset = page.bytes.upperBound
            sequence = page.sequence + 1
            guard let granule = page.granule else { continue }
            whole.append(start..<offset, frames: whole.lastFrameCount..<codec.frameCount(granule))
            start = offset
            if whole.end == offset { last = page }
        }
        var plan = RepairPlan(
            codec.format,
            frameCount: whole.frameCount,
            in: file.byteCount,
            wholeByteCount: whole.end
        )
        let heads = try last.heads(in: &file)
        plan.replace(heads.found, by: heads.last, at: last.bytes.lowerBound)
        plan.file.damagedByteCount = whole.damagedByteCount
        return plan
    }

    /// What the first page says of the sound.
    private struct Codec {
        let format: AudioFormat
        /// What is left out at the start, in the codec's own frames.
        private let skip: Int64
        /// The codec's own frames in one of `format`: Opus always counts at 48 kHz.
        private let granulesPerFrame: Int64

        init?(_ page: OggPage, in file: inout PartBytes) throws(RepairError) {
            let head = try file.bytes(at: page.bytes.lowerBound + Int64(OggPage.headByteCount) + 1, count: 16)
            let rate: Int
            let channelCount: Int
            if file.container == .oggOpus {
                guard head.says("OpusHead", at: 0) else { return nil }
                (rate, channelCount) = (Int(head.number(at: 12, 4)), Int(head[9]))
                guard rate > 0, 48000 % rate == 0 else { return nil }
                skip = Int64(head.number(at: 10, 2))
                granulesPerFrame = Int64(48000 / rate)
            } else {
                guard head.says("\u{1}vorbis", at: 0) else { return nil }
                (rate, channelCount) = (Int(head.number(at: 12, 4)), Int(head[11]))
                (skip, granulesPerFrame) = (0, 1)
            }
            guard rate > 0, channelCount > 0 else { return nil }
            format = AudioFormat(sampleFormat: .float, sampleRate: rate, channelCount: channelCount)
        }

        func frameCount(_ granule: Int64) -> Int64 { max(0, granule - skip) / granulesPerFrame }
    }
}
