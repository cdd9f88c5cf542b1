/// A fixed piece of zeroed memory that the recorder works in once and for all. Part of the fence.
@safe
public struct ByteBuffer: ~Copyable, @unchecked Sendable {
    public let byteCount: Int
    private let memory: UnsafeMutableRawBufferPointer

    /// Makes `byteCount` bytes of zeros.
    public init(byteCount: Int) {
        self.byteCount = byteCount
        unsafe memory = .allocate(byteCount: byteCount, alignment: 64)
        unsafe memory.initializeMemory(as: UInt8.self, repeating: 0)
    }

    deinit { unsafe memory.deallocate() }

    /// Copies all of `bytes` to the place that starts at `offset`.
    public mutating func copy(_ bytes: RawSpan, toByteOffset offset: Int) {
        precondition(offset >= 0 && offset + bytes.byteCount <= byteCount)
        unsafe bytes.withUnsafeBytes { source in
            guard let start = unsafe memory.baseAddress, let from = source.baseAddress else { return }
            unsafe (start + offset).copyMemory(from: from, byteCount: source.count)
        }
    }

    /// Makes bytes zeros again.
    public mutating func clear(_ range: Range<Int>) {
        precondition(range.lowerBound >= 0 && range.upperBound <= byteCount)
        unsafe memory[range].withMemoryRebound(to: UInt8.self) { bytes in unsafe bytes.update(repeating: 0) }
    }

    /// Lends bytes from any place.
    public borrowing func withBytes<Result, Failure: Error>(
        in range: Range<Int>,
        _ body: (RawSpan) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try unsafe body(UnsafeRawBufferPointer(memory).bytes.extracting(range))
    }

    /// Lends the first `count` bytes.
    public borrowing func withBytes<Result, Failure: Error>(
        _ count: Int,
        _ body: (RawSpan) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try unsafe body(UnsafeRawBufferPointer(memory).bytes.extracting(0..<count))
    }

    /// Lends all of it for writing.
    public mutating func withMutableBytes<Result, Failure: Error>(
        _ body: (inout MutableRawSpan) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        var span = unsafe memory.mutableBytes
        return try body(&span)
    }
}
