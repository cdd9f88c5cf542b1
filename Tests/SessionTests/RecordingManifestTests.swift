import Audio
import Foundation
import RecorderIO
import TestSupport
import Testing

@testable import Session

/// What a recording in segments comes to (REC-10).
@Suite struct RecordingManifestTests {
    private static let empty = RecordingManifest(
        recordingID: "whole",
        sessionID: "s",
        container: .wav,
        segmentation: Segmentation(seconds: 1, isAtClock: true)
    )

    private func file(_ id: String, _ gaps: [Gap] = [], peak: Double? = nil, dropped: Int64 = 0) -> FinishedRecording {
        FinishedRecording(
            id: id,
            path: "/a/\(id).wav",
            container: .wav,
            format: AudioFormat(sampleFormat: .s16, sampleRate: 1000, channelCount: 1),
            measuredRate: nil,
            frameCount: 1000,
            startedAt: 1_790_000_000 + (Double(id) ?? 0),
            sha256: "",
            byteCount: 2080,
            peakDBFS: peak,
            droppedFrameCount: dropped,
            gaps: gaps
        )
    }

    // REC-10, REC-2: however they end, they are in order, once each.
    @Test func `Segments stand in order of their first frames, each once`() throws {
        var manifest = Self.empty
        for id in [2, 0, 1, 2, 0] { manifest.add(file("\(id)"), firstFrame: Int64(id) * 1000) }
        #expect(manifest.segments.map(\.id) == ["0", "1", "2"])
        #expect(manifest.frames == 3000)
        #expect(manifest.lastKnownMoment == 1_790_000_003)
    }

    // CAP-5: one gap, wherever seams cut it; another cause, or frames between, make another gap.
    @Test func `A gap that seams cut is one gap of the whole`() throws {
        var manifest = Self.empty
        let gap: (Int64, Int64, Gap.Cause) -> Gap = { Gap(firstFrame: $0, frameCount: $1, cause: $2) }
        manifest.add(file("0", [gap(10, 5, .xrun), gap(900, 100, .deviceLost)], peak: -9), firstFrame: 0)
        manifest.add(file("1", [gap(0, 1000, .deviceLost)], dropped: 3), firstFrame: 1000)
        manifest.add(
            file("2", [gap(0, 7, .deviceLost), gap(7, 1, .xrun), gap(9, 1, .xrun)], peak: -3),
            firstFrame: 2000
        )
        #expect(
            manifest.gaps == [
                gap(10, 5, .xrun), gap(900, 1107, .deviceLost), gap(2007, 1, .xrun), gap(2009, 1, .xrun),
            ]
        )
        let folder = try TemporaryFolder()
        let path = try folder.write(Data(try manifest.json().utf8), to: "manifest.json")
        #expect(RecordingManifest(atPath: path) == manifest)
        let whole = try #require(try manifest.whole(path: path))
        #expect(whole.isManifest && whole.fileExtension == "json" && whole.mediaType == "application/json")
        #expect(whole.peakDBFS == -3 && whole.droppedFrameCount == 3 && whole.frameCount == 3000)
        #expect(whole.sha256 == (try SHA256.ofFile(atPath: path).hex))
        #expect(whole.startedAt == 1_790_000_000)
    }

    // What lies on a disk may be anything: nothing is calculated with it that is no recording's.
    @Test(arguments: [
        (#""frames" : 1000"#, #""frames" : 9223372036854775807"#), (#""first_frame" : 0"#, #""first_frame" : -1"#),
        (#""dropped_frames" : 0"#, #""dropped_frames" : 9223372036854775807"#),
        (#""sample_rate_hz" : 1000"#, #""sample_rate_hz" : 0"#), (#""channels" : 1"#, #""channels" : 99999"#),
        (#""file" : "0.wav""#, #""file" : "../0.wav""#), ("{", ""),
    ]) func `A damaged manifest is none`(good: String, bad: String) throws {
        var manifest = Self.empty
        manifest.add(file("0"), firstFrame: 0)
        let text = try manifest.json()
        #expect(text.contains(good))
        let folder = try TemporaryFolder()
        let path = try folder.write(Data(text.replacingOccurrences(of: good, with: bad).utf8), to: "manifest.json")
        #expect(RecordingManifest(atPath: path) == nil)
    }
}
