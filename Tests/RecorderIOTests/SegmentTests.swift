import Capture
import Foundation
import Logging
import RecorderIO
import Synchronization
import TestSupport
import Testing

/// Seams through the real libraries (REC-10).
@Suite(.timeLimit(.minutes(10))) struct SegmentTests {
    /// A recorder whose segments are `00000`, `00001` and so on, and what it tells of them.
    private struct Take {
        let workspace: Workspace
        let recorder: RecorderIO
        /// First frames and wall times, as the recorder asked for names.
        let asked: Journal<(frame: Int64, startedAt: Double)>

        init(
            _ device: String,
            every seconds: Double,
            container: Container = .wav,
            duration: Double? = nil,
            ringSeconds: Double = 10,
            refusing refused: Set<Int> = []
        ) throws {
            let workspace = try Workspace()
            let asked = Journal<(frame: Int64, startedAt: Double)>()
            let number = Mutex(0)
            var options = RecorderOptions(
                capture: CaptureOptions(deviceName: device),
                container: container,
                filePath: "\(workspace.path)/00000",
                recordingID: "0",
                durationSeconds: duration,
                ringSeconds: ringSeconds
            )
            options.segments = RecorderSegments(Segmentation(seconds: seconds)) { frame, startedAt in
                asked.append((frame, startedAt))
                let next = number.withLock { number in
                    number += 1
                    return number
                }
                let name = String("0000\(next)".suffix(5))
                let folder = refused.contains(next) ? "/dev/null" : workspace.path
                return SegmentFile(path: "\(folder)/\(name)", recordingID: "\(next)")
            }
            recorder = try RecorderIO(options, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
            self.workspace = workspace
            self.asked = asked
        }

        /// All segments, in order, once the recording has ended by itself.
        func outcomes() async throws -> [RecordingOutcome] {
            var outcomes: [RecordingOutcome] = []
            for await event in recorder.fileEvents {
                if case .seam(let pending) = event { outcomes.append(await pending.outcome(timeLimit: .seconds(600))) }
            }
            return outcomes + [try #require(await recorder.outcome())]
        }
    }

    private func fixture(_ name: String) throws -> SoundBytes {
        try SoundBytes([UInt8](try Data(contentsOf: URL(fileURLWithPath: BuiltProducts.fixture(name)))))
    }

    // REC-10, REC-2, REC-7
    @Test(arguments: Container.allCases.filter { $0 != .flac })
    func `Each segment is a whole file of exactly its frames`(container: Container) async throws {
        let take = try Take(Microphones.fixture("speech-48k-stereo.wav"), every: 0.7, container: container)
        let outcomes = try await take.outcomes()
        let recordings = try outcomes.map { try #require($0.recording) }
        #expect(outcomes.allSatisfy { $0.error == nil })
        #expect(outcomes.map(\.firstFrame) == (0..<12).map { Int64($0) * 33600 })
        #expect(recordings.map(\.frameCount) == [Int64](repeating: 33600, count: 11) + [384_000 - 11 * 33600])
        #expect(recordings.map(\.id) == (0..<12).map(String.init))
        #expect(take.asked.values.map(\.frame) == (1..<12).map { Int64($0) * 33600 })
        #expect(take.workspace.names == (0..<12).map { String("0000\($0)".suffix(5)) })
        let start = recordings[0].startedAt
        for (number, recording) in recordings.enumerated() {
            // REC-6: frames over rate.
            #expect(abs(recording.startedAt - start - Double(number) * 0.7) < 0.001)
            #expect(recording.sha256 == (try SHA256.ofFile(atPath: recording.path).hex))
        }
        var data: [UInt8] = []
        for recording in recordings {
            if [.wav, .rf64, .w64].contains(container) {
                data += try SoundBytes([UInt8](try Data(contentsOf: URL(fileURLWithPath: recording.path)))).data
            } else {
                let sound = try await Decoder.read(recording.path, as: container.rawValue)
                #expect(sound.frames == Int(recording.frameCount))
            }
        }
        if !data.isEmpty { #expect(isSame(data, try fixture("speech-48k-stereo.wav").data)) }
    }

    // REC-10
    @Test func `FLAC segments decode to the unsegmented recording`() async throws {
        let take = try Take(Microphones.fixture("speech-48k-stereo.wav"), every: 0.333, container: .flac)
        var data = Data()
        for outcome in try await take.outcomes() {
            data += try await Decoder.flac(try #require(outcome.recording).path).bytes
        }
        #expect(isSame(data, try fixture("speech-48k-stereo.wav").data))
    }

    // REC-10, RING-2: a ring that is full all the time, and one that holds all.
    @Test(arguments: [2, 10.0]) func `No frame is lost at a seam, whatever the ring holds`(
        ringSeconds: Double
    ) async throws {
        let device = Microphones.fixture("speech-48k-stereo.wav", "SPEED=max,MAXBUFFER=1024")
        let take = try Take(device, every: 0.05, ringSeconds: ringSeconds)
        var data: [UInt8] = []
        for outcome in try await take.outcomes() {
            let path = try #require(outcome.recording).path
            data += try SoundBytes([UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))).data
        }
        #expect(take.workspace.names.count == 160)
        #expect(isSame(data, try fixture("speech-48k-stereo.wav").data))
    }

    // REC-10: exactly so many frames, and no empty segment behind them.
    @Test(arguments: [(0.5, 5), (0.45, 5), (0.1, 1), (0.0999, 1)]) func `A length that was asked for is exact`(
        seconds: Double,
        count: Int
    ) async throws {
        let take = try Take(Microphones.fixture("speech-48k-stereo.wav"), every: 0.1, duration: seconds)
        let frames = try await take.outcomes().map { try #require($0.recording).frameCount }
        #expect(frames.count == count)
        #expect(frames.reduce(0, +) == Int64((seconds * 48000).rounded()))
    }

    // REC-10, REC-9: a next file that cannot be made ends nothing.
    @Test func `Where a segment cannot be begun the present one goes on to the next seam`() async throws {
        let take = try Take(Microphones.fixture("speech-48k-stereo.wav"), every: 1, refusing: [2, 3])
        var refused: [String] = []
        var frames: [Int64] = []
        for await event in take.recorder.fileEvents {
            switch event {
            case .seam(let pending):
                frames.append(try #require(await pending.outcome(timeLimit: .seconds(600)).recording).frameCount)
            case .refused(let file, _): refused.append(file.recordingID)
            case .ended, .room: Issue.record("no disk is full")
            }
        }
        frames.append(try #require(await take.recorder.outcome()?.recording).frameCount)
        #expect(refused == ["2", "3"])
        #expect(frames == [48000, 144_000, 48000, 48000, 48000, 48000])
    }

    // REC-10, CLI-1: a segment that is asked for begins at once, and the next one as long after it as others.
    @Test func `A segment may begin at any time`() async throws {
        let device = Microphones.fixture("ramp-s16-1ch.wav", "SPEED=real,LOOP=1")
        let take = try Take(device, every: 3600)
        while take.recorder.progress.frameCount == 0 { await Task.yield() }
        let first = try await take.recorder.startNextSegment().outcome(timeLimit: .seconds(600))
        let last = await take.recorder.close(timeLimit: .seconds(600))
        let frames = try #require(first.recording).frameCount
        #expect(last.firstFrame == frames)
        #expect(take.asked.values.map(\.frame) == [frames])
        var place = 0
        for name in ["00000", "00001"] {
            let data = try SoundBytes(try take.workspace.bytes(name)).data
            let isRamp = (0..<data.count / 2).allSatisfy { frame in
                let sample = Int(data[data.startIndex + 2 * frame]) | Int(data[data.startIndex + 2 * frame + 1]) << 8
                return sample == (place + frame) % 4000
            }
            let isGapless = (first.recording?.gaps ?? []).isEmpty && (last.recording?.gaps ?? []).isEmpty
            #expect(isRamp || !isGapless)
            place += data.count / 2
        }
    }
}
