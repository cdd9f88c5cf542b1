internal import FrameRing

/// Where an encoder's output goes: a buffer of its own over a `PartFile`, since libsndfile has none and would make one
/// system call for each of its own (PERF-3).
///
/// Positions are those that the encoder sees. For WAV, what follows the first 12 bytes lies further back in the file by
/// the reserved chunk of `WAVEnvelope`. A full disk costs nothing: what is written goes into the reserve then, and the file
/// is to be ended (REC-9). The first failure beyond that is kept, and the file grows no more after it; only what is there
/// may be written over, so that the header says what the file holds.
final class EncodedBytes {
    private let file: PartFile
    private let hasEnvelope: Bool
    private var buffer: ByteBuffer
    private var bufferedByteCount = 0
    /// Position of the first buffered byte.
    private var bufferStart: Int64 = 0
    /// Where the next read or write happens.
    var position: Int64 = 0
    /// Bytes so far, those in the buffer among them.
    private(set) var byteCount: Int64 = 0
    private(set) var failure: RecorderError?
    /// Why the file must end, though all that was written is in it.
    private(set) var fullness: RecorderError?
    /// Why nobody knows what of the file is on the disk.
    private(set) var suspicion: RecorderError?
    private var reserve: DiskReserve?

    static let bufferByteCount = 1 << 18
    /// A piece of so many bytes costs less to write than to copy first: it goes straight from where it is (CAP-3).
    private static let directByteCount = 1 << 16

    /// - Throws: where there is no room for the reserve; the file is removed then.
    init(_ file: consuming PartFile, hasEnvelope: Bool) throws(RecorderError) {
        do throws(RecorderError) {
            reserve = try DiskReserve(in: Folder.parent(of: file.finalPath))
        } catch {
            file.discard()
            throw error
        }
        self.file = file
        self.hasEnvelope = hasEnvelope
        buffer = ByteBuffer(byteCount: Self.bufferByteCount)
    }

    /// Takes bytes at `position` and moves it on. Failures are kept, not thrown: C code is above.
    func write(_ bytes: RawSpan) {
        let start = position
        position += Int64(bytes.byteCount)
        guard failure == nil else {
            // What is on the disk may still be written over: the header then says what the file holds.
            if position <= byteCount { writeThrough(bytes, at: start) }
            return
        }
        append(bytes, at: start)
        if failure == nil { byteCount = max(byteCount, position) }
    }

    private func append(_ bytes: RawSpan, at start: Int64) {
        if start != bufferStart + Int64(bufferedByteCount) {
            // A header is written anew, or writing goes on after one.
            flush()
            guard start == byteCount else { return writeThrough(bytes, at: start) }
            bufferStart = start
        }
        let isDirect = bytes.byteCount >= Self.directByteCount
        if isDirect || bytes.byteCount > buffer.byteCount - bufferedByteCount { flush() }
        guard failure == nil else { return }
        guard !isDirect else {
            writeThrough(bytes, at: start)
            bufferStart = start + Int64(bytes.byteCount)
            return
        }
        buffer.copy(bytes, toByteOffset: bufferedByteCount)
        bufferedByteCount += bytes.byteCount
    }

    /// Reads bytes at `position` and moves it on; returns how many there were.
    func read(into bytes: inout MutableRawSpan) -> Int {
        flush()
        do throws(RecorderError) {
            let count = try file.read(into: &bytes, at: place(position))
            position += Int64(count)
            return count
        } catch {
            fail(error)
            return 0
        }
    }

    /// Hands the buffered bytes to the system.
    func flush() {
        guard bufferedByteCount > 0, failure == nil else { return }
        buffer.withBytes(bufferedByteCount) { writeThrough($0, at: bufferStart) }
        bufferStart += Int64(bufferedByteCount)
        bufferedByteCount = 0
    }

    /// Puts all bytes so far on the disk (REC-8).
    func sync() throws(RecorderError) {
        flush()
        if let failure { throw failure }
        if suspicion == nil { attempt { () throws(RecorderError) in try file.syncData() } }
        if let suspicion { throw suspicion }
    }

    /// Syncs, and keeps a failure: after it nobody knows what is on the disk, and a second sync would lie (REC-8).
    private func attempt(_ sync: () throws(RecorderError) -> Void) {
        do throws(RecorderError) {
            try sync()
        } catch .file(_, let call, let code) {
            suspicion = .suspect(path: file.finalPath, call: call, code: code)
        } catch {
            suspicion = error
        }
    }

    /// Writes the sizes into the first bytes of a WAV file and into the head of its `data` chunk.
    func writeEnvelope(dataOffset: Int64, frameCount: Int64, bytesPerFrame: Int) throws(RecorderError) {
        let envelope = WAVEnvelope(
            fileByteCount: place(byteCount),
            dataByteCount: frameCount * Int64(bytesPerFrame),
            frameCount: frameCount
        )
        try put { () throws(RecorderError) in try file.write(envelope.bytes, at: 0) }
        let offset = place(dataOffset) - 4
        try put { () throws(RecorderError) in try file.write(envelope.dataSizeField, at: offset) }
    }

    /// Writes the sizes into the first chunk of an RF64 file.
    func writeSizes64(frameCount: Int64, bytesPerFrame: Int) throws(RecorderError) {
        let envelope = WAVEnvelope(
            fileByteCount: byteCount,
            dataByteCount: frameCount * Int64(bytesPerFrame),
            frameCount: frameCount
        )
        try put { () throws(RecorderError) in try file.write(envelope.sizes64, at: WAVEnvelope.sizes64Offset) }
    }

    /// Gives the file its final name, with all that is in it on the disk (REC-7). One whose sync failed, now or before, gets
    /// its name all the same, and its error tells.
    func finalize(replacing: Bool) throws(RecorderError) {
        flush()
        // Some file systems need room for a name, too.
        reserve = nil
        if suspicion == nil { attempt { () throws(RecorderError) in try file.sync() } }
        try file.rename(replacing: replacing)
        if suspicion == nil {
            attempt { () throws(RecorderError) in try Folder.sync(Folder.parent(of: file.finalPath)) }
        }
    }

    /// Removes the file.
    func discard() { file.discard() }

    private func place(_ position: Int64) -> Int64 {
        hasEnvelope && position >= 12 ? position + Int64(WAVEnvelope.reservedByteCount) : position
    }

    private func writeThrough(_ bytes: RawSpan, at position: Int64) {
        do throws(RecorderError) {
            if hasEnvelope, position < 12 {
                let head = min(bytes.byteCount, Int(12 - position))
                try put(bytes.extracting(0..<head), at: position)
                if head < bytes.byteCount {
                    try put(bytes.extracting(head..<bytes.byteCount), at: place(12))
                }
            } else {
                try put(bytes, at: place(position))
            }
        } catch {
            fail(error)
        }
    }

    private func put(_ bytes: RawSpan, at offset: Int64) throws(RecorderError) {
        try put { () throws(RecorderError) in try file.write(bytes, at: offset) }
    }

    /// Writes to the file, at the cost of the reserve where the disk is full.
    private func put(_ write: () throws(RecorderError) -> Void) throws(RecorderError) {
        do throws(RecorderError) {
            try write()
        } catch {
            if error.isDiskFull {
                guard reserve != nil else { throw error }
                reserve = nil
                fullness = error
            }
            // Other than a sync, a write may be made again: it goes to the same place.
            try write()
        }
    }

    private func fail(_ error: RecorderError) {
        guard failure == nil else { return }
        failure = error
        bufferedByteCount = 0
        // What could not be written never was. Where the size cannot be asked for, none of it counts.
        do throws(RecorderError) {
            let size = try file.byteCount()
            byteCount = min(byteCount, hasEnvelope ? size - Int64(WAVEnvelope.reservedByteCount) : size)
        } catch {
            byteCount = min(byteCount, bufferStart)
        }
    }

    /// Cuts the file off behind `length` bytes.
    func truncate(to length: Int64) throws(RecorderError) {
        try file.truncate(to: place(length))
        byteCount = length
    }
}
