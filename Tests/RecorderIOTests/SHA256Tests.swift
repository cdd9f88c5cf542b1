import Foundation
import RecorderIO
import TestSupport
import Testing

@Suite struct SHA256Tests {
    // The vectors of FIPS 180-4.
    @Test(arguments: [
        ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        (
            "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
        ),
    ])
    func `Known texts have their known digests`(text: String, digest: String) throws {
        var hash = try SHA256()
        // Byte by byte, so that it does not depend on the pieces.
        for byte in text.utf8 { try hash.update(unsafe [byte].span.bytes) }
        let hex = try hash.finalize()
        #expect(hex == digest)
    }

    // EXP-5
    @Test func `A file's digest is what sha256sum says, and its size is counted`() throws {
        let workspace = try Workspace()
        var random = Random(seed: 4)
        // Neither a multiple of a block nor of a piece.
        let data = Data((0..<1_234_567).map { _ in UInt8(truncatingIfNeeded: random.next()) })
        try data.write(to: URL(fileURLWithPath: "\(workspace.path)/a"))
        let (hex, byteCount) = try SHA256.ofFile(atPath: "\(workspace.path)/a")
        let printed = try Workspace.output(of: "sha256sum", "\(workspace.path)/a")
        #expect(hex == String(decoding: printed.prefix(64), as: UTF8.self))
        #expect(byteCount == 1_234_567)
    }

    @Test func `A file that is not there is named`() {
        #expect(throws: RecorderError.file(path: "/nowhere/a", call: "open", code: 2)) {
            _ = try SHA256.ofFile(atPath: "/nowhere/a")
        }
    }
}
