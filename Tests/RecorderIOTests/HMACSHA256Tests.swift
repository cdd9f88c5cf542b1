import RecorderIO
import Testing

@Suite struct HMACSHA256Tests {
    // The vectors of RFC 4231: a short key, a short text, a key longer than a block.
    @Test(arguments: [
        (
            [UInt8](repeating: 0x0b, count: 20), "Hi There",
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"
        ),
        (
            Array("Jefe".utf8), "what do ya want for nothing?",
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        ),
        (
            [UInt8](repeating: 0xaa, count: 131), "Test Using Larger Than Block-Size Key - Hash Key First",
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"
        ),
    ])
    func `Known texts have their known codes`(key: [UInt8], text: String, code: String) throws {
        let made = try HMACSHA256.code(of: Array(text.utf8), key: key)
        #expect(made.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined() == code)
    }

    @Test func `Without a key and a text there is a code too`() throws {
        let made = try HMACSHA256.code(of: [], key: [])
        #expect(made.prefix(4) == [0xb6, 0x13, 0x67, 0x9a])
    }
}
