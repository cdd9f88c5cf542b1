internal import Audio
internal import FrameRing

/// The stretch of the file that is being put together: whole frames, whose channels are filled track by track, zeros until
/// then. Its memory is fixed (PERF-5).
struct FramePane: ~Copyable, Sendable {
    let format: AudioFormat
    let frameCapacity: Int
    private var memory: ByteBuffer
    /// The file's frames that have been taken out.
    private(set) var start: Int64 = 0

    init(format: AudioFormat, frameCapacity: Int) {
        self.format = format
        self.frameCapacity = frameCapacity
        memory = ByteBuffer(byteCount: frameCapacity * format.bytesPerFrame)
    }

    var byteCount: Int { memory.byteCount }

    /// Up to where there is room.
    var end: Int64 { start + Int64(frameCapacity) }

    /// Puts a track's frames at their place, which must have room.
    mutating func place(_ frames: RawSpan, _ source: AudioFormat, at position: Int64, channel: Int) {
        let count = frames.byteCount / source.bytesPerFrame
        precondition(position >= start && position + Int64(count) <= end)
        let (index, first) = split(position, count)
        let bytes = first * source.bytesPerFrame
        let format = format
        memory.withMutableBytes { pane in
            let head = frames.extracting(0..<bytes)
            Samples.place(head, source, into: &pane, format, frame: index, channel: channel)
            guard first < count else { return }
            let tail = frames.extracting(bytes..<count * source.bytesPerFrame)
            Samples.place(tail, source, into: &pane, format, frame: 0, channel: channel)
        }
    }

    /// The same for floats, `channelCount` to a frame.
    mutating func place(_ floats: Span<Float>, channelCount: Int, at position: Int64, channel: Int) {
        let count = floats.count / channelCount
        precondition(position >= start && position + Int64(count) <= end)
        let (index, first) = split(position, count)
        let format = format
        memory.withMutableBytes { pane in
            let head = floats.extracting(0..<first * channelCount)
            Samples.place(head, channelCount: channelCount, into: &pane, format, frame: index, channel: channel)
            guard first < count else { return }
            let tail = floats.extracting(first * channelCount..<count * channelCount)
            Samples.place(tail, channelCount: channelCount, into: &pane, format, frame: 0, channel: channel)
        }
    }

    /// Where frames go, and how many of them before the end of memory.
    private func split(_ position: Int64, _ count: Int) -> (index: Int, first: Int) {
        let index = Int(position % Int64(frameCapacity))
        return (index, min(count, frameCapacity - index))
    }

    /// Lends frames from the start on, at most `frameCount`, and takes out as many as `body` returns.
    mutating func read<Failure: Error>(
        atMost frameCount: Int,
        _ body: (RawSpan) throws(Failure) -> Int
    ) throws(Failure) -> Int {
        let (index, count) = split(start, frameCount)
        let first = index * format.bytesPerFrame
        let taken = try memory.withBytes(in: first..<first + count * format.bytesPerFrame, body)
        precondition(taken >= 0 && taken <= count)
        memory.clear(first..<first + taken * format.bytesPerFrame)
        start += Int64(taken)
        return taken
    }
}
