internal import Audio
internal import RecorderIO

/// What a file turned out to hold, and what must change so that it says so.
///
/// A plan depends on nothing that its own edits change, but for marks that are the same once made: whichever of them a
/// crash or power cut lets through, the plan of the next repair ends in the same file.
struct RepairPlan: Equatable {
    enum Edit: Equatable {
        case write([UInt8], at: Int64)
        case cut(to: Int64)
    }

    var file: RepairedFile
    var edits: [Edit] = []

    /// - Parameter wholeByteCount: the length up to which the file is kept.
    init(_ format: AudioFormat, frameCount: Int64, in byteCount: Int64, wholeByteCount: Int64) {
        file = RepairedFile(
            format: format,
            frameCount: frameCount,
            byteCountBefore: byteCount,
            byteCount: wholeByteCount,
            cutByteCount: byteCount - wholeByteCount
        )
        if wholeByteCount < byteCount { edits.append(.cut(to: wholeByteCount)) }
    }

    /// Adds bytes at the end.
    mutating func append(_ bytes: [UInt8]) {
        edits.append(.write(bytes, at: file.byteCount))
        file.byteCount += Int64(bytes.count)
    }

    /// Writes `new` over `old`, unless that is the same.
    mutating func replace(_ old: [UInt8], by new: [UInt8], at offset: Int64) {
        if old != new { edits.append(.write(new, at: offset)) }
    }
}
