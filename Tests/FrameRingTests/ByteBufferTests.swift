import FrameRing
import Testing

@Suite struct ByteBufferTests {
    @Test func `A new buffer holds zeros`() {
        let buffer = ByteBuffer(byteCount: 1000)
        #expect(buffer.byteCount == 1000)
        #expect(bytes(buffer, 1000) == [UInt8](repeating: 0, count: 1000))
    }

    @Test func `A copy lands at its offset and touches nothing else`() {
        var buffer = ByteBuffer(byteCount: 6)
        let source: [UInt8] = [1, 2, 3]
        unsafe buffer.copy(source.span.bytes, toByteOffset: 2)
        #expect(bytes(buffer, 6) == [0, 0, 1, 2, 3, 0])
        unsafe buffer.copy(source.span.bytes, toByteOffset: 3)
        #expect(bytes(buffer, 6) == [0, 0, 1, 1, 2, 3])
        let nothing: [UInt8] = []
        unsafe buffer.copy(nothing.span.bytes, toByteOffset: 6)
        #expect(bytes(buffer, 6) == [0, 0, 1, 1, 2, 3])
    }

    @Test func `The first bytes are lent, and no more`() {
        var buffer = ByteBuffer(byteCount: 6)
        buffer.withMutableBytes { span in
            #expect(span.byteCount == 6)
            span.storeBytes(of: 7, toByteOffset: 1, as: UInt8.self)
        }
        #expect(bytes(buffer, 2) == [0, 7])
        #expect(bytes(buffer, 0) == [])
    }

    @Test func `A 64-bit integer is read at any offset`() {
        let source: [UInt8] = [0xFF, 0xFE, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF]
        #expect(unsafe source.span.bytes.integer(atByteOffset: 1) == -2)
        #expect(unsafe source.span.bytes.integer(atByteOffset: 0) == -257)
    }

    private func bytes(_ buffer: borrowing ByteBuffer, _ count: Int) -> [UInt8] {
        buffer.withBytes(count) { span in
            (0..<span.byteCount).map { unsafe span.unsafeLoad(fromByteOffset: $0, as: UInt8.self) }
        }
    }
}
