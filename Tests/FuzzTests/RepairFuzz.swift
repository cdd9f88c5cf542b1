import Audio
import Foundation
import TestSupport

@testable import RecorderIO
@testable import RecordingStore

/// Repairs the bytes as a file of the container that the first of them names, with checksums that are right where it asks
/// for that.
enum RepairFuzz {
    private static let forging: UInt8 = 8

    static func run(_ bytes: [UInt8]) throws {
        guard let choice = bytes.first, bytes.count > 1 else { return }
        var bytes = Array(bytes.dropFirst())
        let isForged = choice & forging != 0
        if isForged { ForgedChecksums.forge(&bytes) }
        let container = Container.allCases[Int(choice & 7) % Container.allCases.count]
        let path = try Scratch.write(bytes, to: "take.part")
        guard let repaired = try repaired(path, container) else { return }
        try Contradiction.unless(
            repaired.frameCount > 0 && repaired.byteCount <= Int64(bytes.count) + 1
                && repaired.byteCountBefore == Int64(bytes.count),
            "repaired into more than there was: \(repaired)"
        )
        let again = try RecordingRepair.repair(partAt: path, container: container)
        // A block that is none, and the head of the next one, vouch for each other until one of them is cut.
        let mayDiffer = container == .flac && isForged
        try Contradiction.unless(
            mayDiffer || again.frameCount == repaired.frameCount && again.byteCount == repaired.byteCount,
            "repaired again it is another: \(repaired), \(again)"
        )
    }

    private static func repaired(_ path: String, _ container: Container) throws -> RepairedFile? {
        do throws(RepairError) {
            return try RecordingRepair.repair(partAt: path, container: container)
        } catch {
            if case .file = error { throw error }
            return nil
        }
    }

    /// A short recording of each container, as it is when finished.
    static var seeds: [[UInt8]] {
        get throws {
            let speech = try SoundFileReader.read(BuiltProducts.fixture("speech-48k-stereo.wav"))
            let samples = [UInt8](speech.bytes.prefix(4 * 24_000))
            return try Container.allCases.enumerated().flatMap { index, container in
                let path = try Scratch.path("seed-\(container.rawValue)")
                var file = try EncodedFile(
                    path: path,
                    replacing: true,
                    container: container,
                    format: AudioFormat(sampleFormat: .s16, sampleRate: 48000, channelCount: 2)
                )
                try file.write(unsafe samples.span.bytes)
                _ = try file.finalize()
                let bytes = try Data(contentsOf: URL(fileURLWithPath: path)).prefix(12_000)
                return [[UInt8(index)] + bytes, [UInt8(index) | forging] + bytes]
            }
        }
    }
}
