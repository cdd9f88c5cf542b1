internal import Audio
internal import CVorbis
internal import FrameRing

/// An Ogg stream of Vorbis packets, by libvorbis and libogg. A fence: the only file that imports them.
@safe
struct VorbisStream: ~Copyable, @unchecked Sendable {
    private let format: AudioFormat
    // They point at each other, and so stay where they are.
    private let info: UnsafeMutablePointer<vorbis_info>
    private let analysis: UnsafeMutablePointer<vorbis_dsp_state>
    private let block: UnsafeMutablePointer<vorbis_block>
    private let pages: UnsafeMutablePointer<ogg_stream_state>

    /// libsndfile's default, and oggenc's `-q 4`.
    private static let quality: Float = 0.4
    /// Frames that are given to the encoder at once: it moves all that it holds at each block.
    private static let piece = 1024

    /// Begins a stream; its three header packets wait for `endPage`, so that the audio has pages of its own.
    init(_ format: AudioFormat) throws(RecorderError) {
        self.format = format
        unsafe info = .allocate(capacity: 1)
        unsafe analysis = .allocate(capacity: 1)
        unsafe block = .allocate(capacity: 1)
        unsafe pages = .allocate(capacity: 1)
        unsafe info.initialize(to: vorbis_info())
        unsafe analysis.initialize(to: vorbis_dsp_state())
        unsafe block.initialize(to: vorbis_block())
        unsafe pages.initialize(to: ogg_stream_state())

        unsafe vorbis_info_init(info)
        try check(unsafe vorbis_encode_setup_vbr(info, format.channelCount, format.sampleRate, Self.quality))
        // Six channels would be taken for 5.1 else, and the last one for a subwoofer's, of which only the bass is kept.
        var isCoupled: Int32 = format.channelCount == 6 ? 0 : 1
        try check(unsafe vorbis_encode_ctl(info, OV_ECTL_COUPLING_SET, &isCoupled))
        try check(unsafe vorbis_encode_setup_init(info))
        try check(unsafe vorbis_analysis_init(analysis, info))
        try check(unsafe vorbis_block_init(analysis, block))
        try check(unsafe ogg_stream_init(pages, .random(in: .min ... .max)))
        try addHead()
    }

    deinit {
        unsafe ogg_stream_clear(pages)
        unsafe vorbis_block_clear(block)
        unsafe vorbis_dsp_clear(analysis)
        unsafe vorbis_info_clear(info)
        unsafe pages.deallocate()
        unsafe block.deallocate()
        unsafe analysis.deallocate()
        unsafe info.deallocate()
    }

    private func addHead() throws(RecorderError) {
        var comment = unsafe vorbis_comment()
        unsafe vorbis_comment_init(&comment)
        defer { unsafe vorbis_comment_clear(&comment) }
        unsafe vorbis_comment_add_tag(&comment, "ENCODER", "tapeline")
        var identification = unsafe ogg_packet()
        var comments = unsafe ogg_packet()
        var codebooks = unsafe ogg_packet()
        try check(unsafe vorbis_analysis_headerout(analysis, &comment, &identification, &comments, &codebooks))
        try check(unsafe ogg_stream_packetin(pages, &identification))
        try check(unsafe ogg_stream_packetin(pages, &comments))
        try check(unsafe ogg_stream_packetin(pages, &codebooks))
    }

    /// Encodes whole frames of the device's format, and writes the pages that are full; returns how many frames there were.
    func write(_ frames: RawSpan, to output: EncodedBytes) throws(RecorderError) -> Int64 {
        let bytesPerFrame = format.bytesPerFrame
        let count = frames.byteCount / bytesPerFrame
        var done = 0
        while done < count {
            let step = min(Self.piece, count - done)
            try copy(frames.extracting(done * bytesPerFrame..<(done + step) * bytesPerFrame), step)
            try check(unsafe vorbis_analysis_wrote(analysis, Int32(step)))
            try writeBlocks(to: output)
            done += step
        }
        return Int64(count)
    }

    private func copy(_ frames: RawSpan, _ count: Int) throws(RecorderError) {
        guard let channels = unsafe vorbis_analysis_buffer(analysis, Int32(count)) else {
            throw .encoder(reason: "libvorbis has no memory")
        }
        for channel in 0..<format.channelCount {
            let memory = unsafe UnsafeMutableBufferPointer(start: channels[channel], count: count)
            var samples = unsafe memory.mutableSpan
            Samples.copy(frames, format.sampleFormat, channel: channel, of: format.channelCount, to: &samples)
        }
    }

    /// Encodes what makes whole blocks.
    private func writeBlocks(to output: EncodedBytes) throws(RecorderError) {
        var packet = unsafe ogg_packet()
        while unsafe vorbis_analysis_blockout(analysis, block) == 1 {
            try check(unsafe vorbis_analysis(block, nil))
            try check(unsafe vorbis_bitrate_addblock(block))
            while unsafe vorbis_bitrate_flushpacket(analysis, &packet) == 1 {
                try check(unsafe ogg_stream_packetin(pages, &packet))
                var page = unsafe ogg_page()
                while unsafe ogg_stream_pageout(pages, &page) != 0 { unsafe write(page, to: output) }
            }
        }
    }

    /// Whether a page could have a position by now: the first packet alone makes no sound.
    var hasSound: Bool { unsafe pages.pointee.granulepos > 0 }

    /// Writes a page of the packets that wait for one, however few they are.
    func endPage(to output: EncodedBytes) {
        var page = unsafe ogg_page()
        while unsafe ogg_stream_flush(pages, &page) != 0 { unsafe write(page, to: output) }
    }

    /// Encodes what is left, and writes the last page, which tells how many frames there are.
    func end(to output: EncodedBytes) throws(RecorderError) {
        try check(unsafe vorbis_analysis_wrote(analysis, 0))
        try writeBlocks(to: output)
        endPage(to: output)
    }

    private func write(_ page: ogg_page, to output: EncodedBytes) {
        output.write(unsafe UnsafeRawBufferPointer(start: page.header, count: page.header_len).bytes)
        output.write(unsafe UnsafeRawBufferPointer(start: page.body, count: page.body_len).bytes)
    }

    private func check(_ code: Int32) throws(RecorderError) {
        guard code == 0 else { throw .encoder(reason: "libvorbis, code \(code)") }
    }
}
