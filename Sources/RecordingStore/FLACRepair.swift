internal import Audio

/// FLAC: blocks that carry their own number and checksums.
///
/// While it is written, the header says neither the number of frames nor their MD5, which readers take as unknown; both are
/// written when the encoder ends. The number is restored here, the MD5 cannot be without decoding all of it anew.
enum FLACRepair {
    static func plan(for file: inout PartBytes) throws(RepairError) -> RepairPlan {
        let stream = try FLACStream(&file)
        var whole = WholePart(start: stream.audioStart, sampleRate: stream.format.sampleRate)
        var offset = stream.audioStart
        var falseHeadCount = 0
        while falseHeadCount < RecordingRepair.falseHeadLimit, let byte = try file.byte(at: offset) {
            guard byte == 0xFF, let header = try FLACBlockHeader(at: offset, in: &file, stream),
                header.frames.lowerBound == whole.lastFrameCount
                    // Behind damage some are missing.
                    || offset > whole.lastEnd && header.frames.lowerBound > whole.lastFrameCount
            else {
                offset += 1
                continue
            }
            guard let end = try FLACBlock.end(of: header, at: offset, in: &file, stream) else {
                falseHeadCount += 1
                offset += 1
                continue
            }
            whole.append(offset..<end, frames: header.frames)
            offset = end
        }
        var plan = RepairPlan(
            stream.format,
            frameCount: whole.frameCount,
            in: file.byteCount,
            wholeByteCount: whole.end
        )
        let bytes = stream.bytes(frameCount: whole.frameCount)
        plan.replace(stream.bytes, by: bytes, at: FLACStream.offset)
        plan.file.damagedByteCount = whole.damagedByteCount
        plan.file.isDigestUnknown = FLACStream.isDigestUnknown(bytes)
        return plan
    }
}
