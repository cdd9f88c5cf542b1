public import Audio

/// What has to look at single samples in raw memory. Part of the fence.
public enum Samples {
    /// The largest magnitude in interleaved samples, 1.0 being full scale.
    public static func peak(of bytes: RawSpan, _ format: SampleFormat) -> Float {
        unsafe bytes.withUnsafeBytes { memory in
            switch format {
            case .s16: return unsafe integerPeak(memory, as: Int16.self)
            case .s32: return unsafe integerPeak(memory, as: Int32.self)
            case .float:
                let samples = unsafe memory.assumingMemoryBound(to: Float.self)
                var peak: Float = 0
                for index in 0..<samples.count { peak = unsafe max(peak, abs(samples[index])) }
                return peak
            case .s24:
                let samples = unsafe memory.assumingMemoryBound(to: Int32.self)
                var low: Int32 = 0
                var high: Int32 = 0
                for index in 0..<samples.count {
                    let sample = unsafe samples[index] << 8
                    low = min(low, sample)
                    high = max(high, sample)
                }
                return max(Float(high), -Float(low)) / -Float(Int32.min)
            case .s24Packed:
                var low: Int32 = 0
                var high: Int32 = 0
                for index in 0..<memory.count / 3 {
                    let sample = unsafe packedSample(memory, index)
                    low = min(low, sample)
                    high = max(high, sample)
                }
                return max(Float(high), -Float(low)) / -Float(Int32.min)
            }
        }
    }

    private static func integerPeak<Sample: FixedWidthInteger & BinaryInteger & BitwiseCopyable>(
        _ memory: UnsafeRawBufferPointer,
        as type: Sample.Type
    ) -> Float {
        let samples = unsafe memory.assumingMemoryBound(to: type)
        var low: Sample = 0
        var high: Sample = 0
        for index in 0..<samples.count {
            unsafe low = min(low, samples[index])
            unsafe high = max(high, samples[index])
        }
        return max(Float(high), -Float(low)) / -Float(Sample.min)
    }

    /// How many frames hold the same sample in a channel, from the first one on, or from the last one back.
    public static func steadyFrameCount(
        of bytes: RawSpan,
        _ format: AudioFormat,
        channel: Int,
        fromEnd isFromEnd: Bool = false
    ) -> Int {
        let frameCount = bytes.byteCount / format.bytesPerFrame
        precondition(channel < format.channelCount)
        guard frameCount > 0 else { return 0 }
        let stride = isFromEnd ? -format.channelCount : format.channelCount
        let start = isFromEnd ? (frameCount - 1) * format.channelCount + channel : channel
        return unsafe bytes.withUnsafeBytes { memory in
            switch format.sampleFormat {
            case .s16:
                let samples = unsafe memory.assumingMemoryBound(to: Int16.self)
                return steadyCount(frameCount, start, stride) { unsafe Int32(samples[$0]) }
            case .s24Packed:
                return steadyCount(frameCount, start, stride) { unsafe packedSample(memory, $0) }
            case .s24, .s32, .float:
                let format = format.sampleFormat
                return steadyCount(frameCount, start, stride) { unsafe word(memory, $0, format) }
            }
        }
    }

    /// The bits of one sample, of which those of 0 are 0.
    public static func bits(of bytes: RawSpan, _ format: SampleFormat, sample index: Int) -> Int32 {
        precondition(index >= 0 && (index + 1) * format.byteCount <= bytes.byteCount)
        return unsafe bytes.withUnsafeBytes { memory in
            switch format {
            case .s16: unsafe Int32(memory.assumingMemoryBound(to: Int16.self)[index])
            case .s24Packed: unsafe packedSample(memory, index)
            case .s24, .s32, .float: unsafe word(memory, index, format)
            }
        }
    }

    @inline(__always)
    private static func steadyCount(_ frameCount: Int, _ start: Int, _ stride: Int, _ sample: (Int) -> Int32) -> Int {
        let first = sample(start)
        for frame in 1..<max(1, frameCount) where sample(start + frame * stride) != first { return frame }
        return frameCount
    }

    @inline(__always)
    private static func word(_ memory: UnsafeRawBufferPointer, _ index: Int, _ format: SampleFormat) -> Int32 {
        let word = unsafe memory.assumingMemoryBound(to: Int32.self)[index]
        return switch format {
        case .s24: word << 8
        // The negative zero.
        case .float: word == Int32.min ? 0 : word
        default: word
        }
    }

    /// A packed 24-bit sample in the upper three bytes of a word.
    @inline(__always)
    private static func packedSample(_ memory: UnsafeRawBufferPointer, _ index: Int) -> Int32 {
        let low = unsafe UInt32(memory[3 * index])
        let middle = unsafe UInt32(memory[3 * index + 1])
        let high = unsafe UInt32(memory[3 * index + 2])
        return Int32(bitPattern: low << 8 | middle << 16 | high << 24)
    }

    /// Spreads 24-bit samples, packed or in the low bytes of words, to the upper three bytes of 32-bit words: the form
    /// in which encoders take them. Returns the bytes written to `words`.
    public static func widen24(_ bytes: RawSpan, _ format: SampleFormat, into words: inout MutableRawSpan) -> Int {
        let sampleCount = bytes.byteCount / format.byteCount
        precondition(words.byteCount >= 4 * sampleCount)
        unsafe bytes.withUnsafeBytes { source in
            unsafe words.withUnsafeMutableBytes { target in
                let target = unsafe target.assumingMemoryBound(to: Int32.self)
                if format == .s24Packed {
                    for index in 0..<sampleCount { unsafe target[index] = packedSample(source, index) }
                } else {
                    let source = unsafe source.assumingMemoryBound(to: Int32.self)
                    for index in 0..<sampleCount { unsafe target[index] = source[index] << 8 }
                }
            }
        }
        return 4 * sampleCount
    }

    /// Copies one channel out of interleaved samples, full scale being 1.0, the largest positive integer.
    public static func copy(
        _ bytes: RawSpan,
        _ format: SampleFormat,
        channel: Int,
        of channelCount: Int,
        to floats: inout MutableSpan<Float>
    ) {
        precondition(channel < channelCount)
        precondition(bytes.byteCount == floats.count * channelCount * format.byteCount)
        let indices = floats.indices
        unsafe bytes.withUnsafeBytes { memory in
            switch format {
            case .s16:
                let samples = unsafe memory.assumingMemoryBound(to: Int16.self)
                for index in indices {
                    floats[index] = unsafe Float(samples[index * channelCount + channel]) / Float(Int16.max)
                }
            case .s24Packed:
                for index in indices {
                    floats[index] =
                        unsafe Float(packedSample(memory, index * channelCount + channel)) / Float(Int32.max)
                }
            case .s24, .s32:
                let samples = unsafe memory.assumingMemoryBound(to: Int32.self)
                let unused: Int32 = format == .s24 ? 8 : 0
                for index in indices {
                    floats[index] =
                        unsafe Float(samples[index * channelCount + channel] &<< unused) / Float(Int32.max)
                }
            case .float:
                let samples = unsafe memory.assumingMemoryBound(to: Float.self)
                for index in indices { floats[index] = unsafe samples[index * channelCount + channel] }
            }
        }
    }

    /// Packs 24-bit samples from the low bytes of 32-bit words into three bytes each. Returns the bytes written.
    public static func pack24(_ bytes: RawSpan, into packed: inout MutableRawSpan) -> Int {
        let sampleCount = bytes.byteCount / 4
        precondition(packed.byteCount >= 3 * sampleCount)
        unsafe bytes.withUnsafeBytes { source in
            unsafe packed.withUnsafeMutableBytes { target in
                for index in 0..<sampleCount {
                    unsafe target[3 * index] = source[4 * index]
                    unsafe target[3 * index + 1] = source[4 * index + 1]
                    unsafe target[3 * index + 2] = source[4 * index + 2]
                }
            }
        }
        return 3 * sampleCount
    }
}

extension RawSpan {
    /// The 64-bit integer at an offset, in the machine's byte order.
    public func integer(atByteOffset offset: Int) -> Int64 {
        precondition(offset >= 0 && offset + 8 <= byteCount)
        return unsafe unsafeLoadUnaligned(fromByteOffset: offset, as: Int64.self)
    }
}

extension AudioFrames {
    /// Lends a part of the frames, as they lie in memory.
    public func withBytes(ofFrames range: Range<Int>, _ body: (RawSpan) -> Void) {
        let bytes = range.lowerBound * format.bytesPerFrame..<range.upperBound * format.bytesPerFrame
        body(unsafe self.bytes.span.bytes.extracting(bytes))
    }
}

extension MutableRawSpan {
    /// Copies all of `bytes` to the place that starts at `offset`.
    public mutating func copy(_ bytes: RawSpan, toByteOffset offset: Int) {
        precondition(offset >= 0 && offset + bytes.byteCount <= byteCount)
        unsafe withUnsafeMutableBytes { target in
            unsafe bytes.withUnsafeBytes { source in
                guard let start = target.baseAddress, let from = source.baseAddress else { return }
                unsafe (start + offset).copyMemory(from: from, byteCount: source.count)
            }
        }
    }
}
