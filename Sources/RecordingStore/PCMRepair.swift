internal import Audio
internal import RecorderIO

/// WAV, RF64 and W64: samples after one header, to the end of the file.
enum PCMRepair {
    static func plan(for file: inout PartBytes) throws(RepairError) -> RepairPlan {
        let header = try PCMHeader(&file)
        let start = Int64(header.bytes.count)
        let bytesPerFrame = Int64(header.format.bytesPerFrame)
        let frameCount = (file.byteCount - start) / bytesPerFrame
        let end = start + frameCount * bytesPerFrame
        // A chunk of odd length has a byte more, but in W64.
        let isPadded = file.container != .w64 && end % 2 == 1
        let hasPad = isPadded && file.byteCount == end + 1 ? try file.byte(at: end) == 0 : false
        var plan = RepairPlan(
            header.format,
            frameCount: frameCount,
            in: file.byteCount,
            wholeByteCount: hasPad ? end + 1 : end
        )
        if isPadded, !hasPad { plan.append([0]) }
        let bytes = header.bytes(file.container, fileByteCount: plan.file.byteCount, frameCount: frameCount)
        plan.replace(header.bytes, by: bytes, at: 0)
        let limit = Int64(RecordingRepair.unsyncedSeconds) * Int64(header.format.sampleRate) * bytesPerFrame
        plan.file.zeroFrameCount =
            try zeroByteCount(before: end, downTo: max(start, end - limit), &file) / bytesPerFrame
        return plan
    }

    /// How many bytes before `end` are all zero.
    private static func zeroByteCount(
        before end: Int64,
        downTo start: Int64,
        _ file: inout PartBytes
    ) throws(RepairError) -> Int64 {
        var offset = end
        while offset > start {
            let count = min(offset - start, 1 << 14)
            let piece = try file.bytes(at: offset - count, count: Int(count))
            if let last = piece.lastIndex(where: { $0 != 0 }) { return end - (offset - count + Int64(last) + 1) }
            offset -= count
        }
        return end - start
    }
}
