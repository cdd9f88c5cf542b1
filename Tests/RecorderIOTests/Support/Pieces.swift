import Audio
import TestSupport
import Testing

@testable import RecorderIO

/// Writes a file as the recorder does: in pieces of all sizes, with a sync after some of them, which may write the header
/// anew in the middle of it.
func write(_ container: Container, _ format: AudioFormat, _ bytes: [UInt8], _ path: String) throws {
    var file = try EncodedFile(path: path, replacing: false, container: container, format: format)
    var random = Random(seed: 3)
    var place = 0
    while place < bytes.count {
        let size = min(bytes.count - place, (1 + random.below(5000)) * format.bytesPerFrame)
        try file.write(unsafe bytes.span.bytes.extracting(place..<place + size))
        if random.below(4) == 0 { try file.sync() }
        place += size
    }
    let end = try file.finalize()
    #expect(end.frameCount == Int64(bytes.count / format.bytesPerFrame))
    #expect(end.failure == nil)
}
