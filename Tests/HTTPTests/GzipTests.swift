import Foundation
import HTTP
import TestSupport
import Testing

@Suite struct GzipTests {
    @Test(arguments: [0, 1, 1000, 1 << 20]) func `gzip reads back what was compressed`(count: Int) async throws {
        var generator = SystemRandomNumberGenerator()
        let noise = (0..<count).map { _ in UInt8.random(in: 0...255, using: &generator) }
        for bytes in [noise, Array(repeating: 7, count: count)] {
            let folder = try TemporaryFolder()
            let path = try folder.write(Data(try Gzip.compressed(bytes)), to: "bytes.gz")
            let ending = try await ChildProcess.run("/usr/bin/env", ["gzip", "--decompress", "--stdout", path])
            #expect(ending.exitCode == 0, "\(ending.standardError)")
            #expect(ending.standardOutput == Data(bytes))
        }
    }
}
