import Audio
import Foundation
import RecorderIO
import TestSupport

/// Where in a finished file the audio may end, and how many frames are before each such place. Found without the code that
/// is tested.
struct Boundaries {
    /// Sorted; the first is the header's end.
    var ends: [(byteCount: Int, frameCount: Int)]

    /// What a file cut off behind `byteCount` bytes still holds.
    func whole(in byteCount: Int) -> (byteCount: Int, frameCount: Int) {
        ends.last { $0.byteCount <= byteCount } ?? (0, 0)
    }

    init(_ take: Take) async throws {
        switch take.container {
        case .wav, .rf64, .w64: ends = Self.frames(take)
        case .flac: ends = try await Self.blocks(take)
        case .oggVorbis, .oggOpus: ends = Self.pages(take)
        }
    }

    private static func frames(_ take: Take) -> [(Int, Int)] {
        let bytesPerFrame = take.ramp.channels * take.format.sampleFormat.significantBitCount / 8
        let start = take.unfinished.count - take.frameCount * bytesPerFrame
        return (0...take.frameCount).map { (start + $0 * bytesPerFrame, $0) }
    }

    /// As flac's own analysis has them.
    private static func blocks(_ take: Take) async throws -> [(Int, Int)] {
        let workspace = try Workspace()
        _ = try workspace.folder.write(Data(take.finished), to: "a.flac")
        _ = try await workspace.run("flac", ["--analyze", "--silent", "a.flac"])
        let text = try String(contentsOfFile: workspace.path("a.ana"), encoding: .utf8)
        var ends: [(Int, Int)] = []
        for match in text.matches(of: /frame=\d+\toffset=(\d+)\tbits=(\d+)\tblocksize=(\d+)/) {
            guard let offset = Int(match.1), let bits = Int(match.2), let size = Int(match.3) else { continue }
            if ends.isEmpty { ends.append((offset, 0)) }
            ends.append((offset + bits / 8, (ends.last?.1 ?? 0) + size))
        }
        return ends
    }

    /// By the lengths in the pages' heads, which are intact here.
    private static func pages(_ take: Take) -> [(Int, Int)] {
        let bytes = take.finished
        var ends: [(Int, Int)] = []
        var offset = 0
        while offset < bytes.count {
            let segmentCount = Int(bytes[offset + 26])
            let segments = bytes[(offset + 27)..<(offset + 27 + segmentCount)]
            let granule = (0..<8).reduce(0) { $0 | Int(bytes[offset + 6 + $1]) << (8 * $1) }
            offset += 27 + segmentCount + segments.reduce(0) { $0 + Int($1) }
            var frameCount = granule
            if take.container == .oggOpus {
                let skip = Int(bytes[38]) | Int(bytes[39]) << 8
                frameCount = max(0, granule - skip) * take.ramp.rate / 48000
            }
            ends.append((offset, frameCount))
        }
        return ends
    }
}
