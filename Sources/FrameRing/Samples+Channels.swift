public import Audio

/// Frames of one track among the channels of a wider file. Part of the fence.
///
/// Full scale is that of the integers: 1.0 is one more than the largest. A sample of the same format is copied as it is;
/// one that becomes wider keeps its value exactly; one that becomes narrower is rounded to the nearest, and clipped.
extension Samples {
    /// Puts whole frames into the channels of `target` from `channel` on, beginning with the frame `frame` there.
    public static func place(
        _ frames: RawSpan,
        _ source: AudioFormat,
        into wide: inout MutableRawSpan,
        _ target: AudioFormat,
        frame: Int,
        channel: Int
    ) {
        let frameCount = frames.byteCount / source.bytesPerFrame
        check(frameCount, source.channelCount, wide.byteCount, target, frame, channel)
        let narrow = source.channelCount
        let from = source.sampleFormat
        let to = target.sampleFormat
        let start = frame * target.channelCount + channel
        unsafe frames.withUnsafeBytes { frames in
            unsafe wide.withUnsafeMutableBytes { wide in
                if from == to {
                    let size = source.bytesPerFrame
                    for index in 0..<frameCount {
                        let place = (start + index * target.channelCount) * to.byteCount
                        let sample = unsafe UnsafeRawBufferPointer(rebasing: frames[index * size..<(index + 1) * size])
                        unsafe UnsafeMutableRawBufferPointer(rebasing: wide[place..<place + size]).copyMemory(
                            from: sample
                        )
                    }
                } else {
                    for index in 0..<frameCount {
                        for one in 0..<narrow {
                            let word = unsafe load(frames, index * narrow + one, from)
                            unsafe store(word, wide, start + index * target.channelCount + one, to)
                        }
                    }
                }
            }
        }
    }

    /// Puts interleaved floats, `channelCount` to a frame, into the channels of `target` from `channel` on.
    public static func place(
        _ floats: Span<Float>,
        channelCount narrow: Int,
        into wide: inout MutableRawSpan,
        _ target: AudioFormat,
        frame: Int,
        channel: Int
    ) {
        let frameCount = floats.count / narrow
        check(frameCount, narrow, wide.byteCount, target, frame, channel)
        let to = target.sampleFormat
        let start = frame * target.channelCount + channel
        unsafe wide.withUnsafeMutableBytes { wide in
            for index in 0..<frameCount {
                for one in 0..<narrow {
                    let float = floats[index * narrow + one]
                    let place = start + index * target.channelCount + one
                    if to == .float {
                        unsafe wide.storeBytes(of: float, toByteOffset: 4 * place, as: Float.self)
                    } else {
                        unsafe store(word(float), wide, place, to)
                    }
                }
            }
        }
    }

    /// Reads interleaved samples as floats.
    public static func copy(_ bytes: RawSpan, _ format: SampleFormat, to floats: inout MutableSpan<Float>) {
        let sampleCount = bytes.byteCount / format.byteCount
        precondition(floats.count >= sampleCount)
        unsafe bytes.withUnsafeBytes { memory in
            for index in 0..<sampleCount {
                floats[index] =
                    unsafe format == .float
                    ? memory.loadUnaligned(fromByteOffset: 4 * index, as: Float.self)
                    : Float(load(memory, index, format)) * 0x1p-31
            }
        }
    }

    private static func check(
        _ frameCount: Int,
        _ narrow: Int,
        _ byteCount: Int,
        _ target: AudioFormat,
        _ frame: Int,
        _ channel: Int
    ) {
        precondition(channel >= 0 && channel + narrow <= target.channelCount)
        precondition(frame >= 0 && (frame + frameCount) * target.bytesPerFrame <= byteCount)
    }

    /// A sample in the upper bits of a word.
    @inline(__always)
    private static func load(_ memory: UnsafeRawBufferPointer, _ index: Int, _ format: SampleFormat) -> Int32 {
        switch format {
        case .s16: unsafe Int32(memory.loadUnaligned(fromByteOffset: 2 * index, as: Int16.self)) << 16
        case .s24Packed:
            unsafe Int32(
                bitPattern: UInt32(memory[3 * index]) << 8 | UInt32(memory[3 * index + 1]) << 16
                    | UInt32(memory[3 * index + 2]) << 24
            )
        case .s24: unsafe memory.loadUnaligned(fromByteOffset: 4 * index, as: Int32.self) << 8
        case .s32: unsafe memory.loadUnaligned(fromByteOffset: 4 * index, as: Int32.self)
        case .float: unsafe word(memory.loadUnaligned(fromByteOffset: 4 * index, as: Float.self))
        }
    }

    @inline(__always)
    private static func word(_ float: Float) -> Int32 {
        let scaled = (Double(float) * 0x1p31).rounded()
        // What is no number is silence.
        guard scaled < 0x1p31 else { return float.isNaN ? 0 : Int32.max }
        return scaled > -0x1p31 ? Int32(scaled) : Int32.min
    }

    @inline(__always)
    private static func store(
        _ word: Int32,
        _ memory: UnsafeMutableRawBufferPointer,
        _ index: Int,
        _ format: SampleFormat
    ) {
        switch format {
        case .s16:
            let sample = Int16(truncatingIfNeeded: rounded(word, 1 << 15) >> 16)
            unsafe memory.storeBytes(of: sample, toByteOffset: 2 * index, as: Int16.self)
        case .s24Packed:
            let sample = rounded(word, 1 << 7) >> 8
            unsafe memory[3 * index] = UInt8(truncatingIfNeeded: sample)
            unsafe memory[3 * index + 1] = UInt8(truncatingIfNeeded: sample >> 8)
            unsafe memory[3 * index + 2] = UInt8(truncatingIfNeeded: sample >> 16)
        case .s24:
            unsafe memory.storeBytes(of: rounded(word, 1 << 7) >> 8, toByteOffset: 4 * index, as: Int32.self)
        case .s32: unsafe memory.storeBytes(of: word, toByteOffset: 4 * index, as: Int32.self)
        case .float: unsafe memory.storeBytes(of: Float(word) * 0x1p-31, toByteOffset: 4 * index, as: Float.self)
        }
    }

    /// A word that is about to lose the bits below twice `half`.
    @inline(__always)
    private static func rounded(_ word: Int32, _ half: Int32) -> Int32 {
        let (sum, isOver) = word.addingReportingOverflow(half)
        return isOver ? Int32.max : sum
    }
}
