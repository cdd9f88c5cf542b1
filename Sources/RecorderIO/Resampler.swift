internal import Audio
internal import CSampleRate
internal import FrameRing

/// Changes the rate of a track's frames, by libsamplerate. A fence: the only file that imports it.
///
/// libsamplerate and not soxr: a ratio that varies all the time, which following a drift takes, is its ordinary way of
/// working; what comes out begins with what went in, without a delay to reckon with; and it allocates nothing once made.
/// Its medium quality costs 48 s of CPU for an hour of one channel at 48 kHz, and keeps a signal at 117 dB or more above its
/// errors up to 0.9 of the lower rate's bandwidth, which is beyond 16 bits; the fastest costs 23 s and ends at 0.8, which
/// speech at 16 kHz would miss; the best costs 230 s.
@safe
final class Resampler: @unchecked Sendable {
    let channelCount: Int
    /// Frames that are taken, or given, at once.
    static let pieceFrameCount = 1024
    /// What it looks ahead, in frames of the lower rate.
    static let lookaheadFrameCount = 48

    private let state: OpaquePointer
    private let input: UnsafeMutableBufferPointer<Float>
    private let output: UnsafeMutableBufferPointer<Float>
    /// Frames that went in, and that the next frame to come out lies behind.
    private(set) var heldFrameCount = 0.0
    /// Frames out for a frame in, just now.
    private(set) var ratio = 0.0

    init(channelCount: Int) throws(RecorderError) {
        self.channelCount = channelCount
        var code: Int32 = 0
        let made = unsafe src_new(Int32(SRC_SINC_MEDIUM_QUALITY), Int32(channelCount), &code)
        guard let made = unsafe made else {
            throw .resources(reason: "no memory to resample \(channelCount) channels: record fewer")
        }
        unsafe state = made
        unsafe input = .allocate(capacity: Self.pieceFrameCount * channelCount)
        unsafe output = .allocate(capacity: Self.pieceFrameCount * channelCount)
        unsafe input.initialize(repeating: 0)
        unsafe output.initialize(repeating: 0)
    }

    deinit {
        unsafe input.deallocate()
        unsafe output.deallocate()
        unsafe src_delete(state)
    }

    /// Forgets all frames: the next one to go in is the next one to come out.
    func reset() {
        unsafe check(src_reset(state))
        heldFrameCount = 0
        ratio = 0
    }

    /// Takes whole frames, at most `pieceFrameCount`, and resamples all that it can; the ratio changes evenly until then.
    ///
    /// - Returns: how many frames `withOutput` lends.
    func process(_ frames: RawSpan, _ format: SampleFormat, ratio target: Double) -> Int {
        let count = frames.byteCount / (format.byteCount * channelCount)
        var floats = unsafe input.mutableSpan
        Samples.copy(frames, format, to: &floats)
        return run(count, target, isEnd: false)
    }

    /// Resamples what is held still, a piece at a time; 0 once there is nothing more (REC-4).
    func flush(atMost frameCount: Int) -> Int {
        run(0, ratio, isEnd: true, limit: frameCount)
    }

    func withOutput(_ frameCount: Int, _ body: (Span<Float>) -> Void) {
        unsafe body(output.span.extracting(0..<frameCount * channelCount))
    }

    private func run(_ count: Int, _ target: Double, isEnd: Bool, limit: Int = pieceFrameCount) -> Int {
        if ratio == 0 { ratio = target }
        // The ratio reaches its target when so many frames have come out.
        let lookahead = Double(Self.lookaheadFrameCount) * max(1, 1 / target)
        let expected = Int((heldFrameCount + Double(count) - lookahead) * target)
        // With room for more than can come, or it would not look at the last that went in.
        let most = isEnd ? limit : min(max(0, expected) + 8, limit)
        var data = unsafe SRC_DATA()
        unsafe data.data_in = UnsafePointer(input.baseAddress)
        unsafe data.data_out = output.baseAddress
        unsafe data.input_frames = count
        unsafe data.output_frames = most
        unsafe data.end_of_input = isEnd ? 1 : 0
        unsafe data.src_ratio = target
        unsafe check(src_process(state, &data))
        precondition(unsafe data.input_frames_used == count)
        let made = unsafe data.output_frames_gen
        heldFrameCount += Double(count)
        pass(made, target, outOf: most)
        return made
    }

    /// Reckons as libsamplerate does: each frame that comes out passes one over its ratio of those that went in.
    private func pass(_ made: Int, _ target: Double, outOf most: Int) {
        guard made > 0 else { return }
        let last = ratio + (target - ratio) * Double(made - 1) / Double(most)
        // The mean of the inverse is a little more than the inverse of the mean.
        let spread = (last - ratio) / (last + ratio)
        let convexity = made > 1 ? spread * spread / 3 * Double(made + 1) / Double(made - 1) : 0
        heldFrameCount -= 2 * Double(made) / (ratio + last) * (1 + convexity)
        ratio = last
    }

    private func check(_ code: Int32) {
        precondition(code == 0, "libsamplerate, code \(code)")
    }
}
