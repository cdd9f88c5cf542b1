import Foundation
import Glibc
import RecorderIO
import RecordingExport
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(10))) struct DirectoryExporterTests {
    private let source: Workspace
    private let recording: SessionRecording
    private let fileName = "\(Workspace.recordingID).wav"

    init() throws {
        source = try Workspace()
        recording = try source.recording()
    }

    private func outcome(_ directory: String, returnsPath: Bool = false) async throws -> ExportOutcome {
        let exporter = DirectoryExporter(directoryPath: directory, returnsPath: returnsPath, timeLimit: .seconds(60))
        return try #require(await ExporterChain([exporter]).run(recording).first)
    }

    private func inode(_ path: String) throws -> Int {
        try #require(FileManager.default.attributesOfItem(atPath: path)[.systemFileNumber] as? Int)
    }

    /// In memory, so that a link from the temporary folder to it cannot be.
    private static func otherFileSystem() throws -> Workspace { try Workspace(in: "/dev/shm") }

    private static let hasOtherFileSystem: Bool = {
        let devices = ["/dev/shm", FileManager.default.temporaryDirectory.path].map {
            try? FileManager.default.attributesOfItem(atPath: $0)[.systemNumber] as? Int
        }
        return devices[0] != nil && devices[0] != devices[1]
    }()

    // EXP-8
    @Test func `On the same file system the delivered file is the recording itself, under a second name`() async throws
    {
        let directory = "\(source.path)/a/b"
        let outcome = try await outcome(directory)
        #expect(outcome.outcome == .attached)
        #expect(outcome.error == nil)
        #expect(outcome.recordingID == Workspace.recordingID)
        #expect(outcome.recordingPath == nil)
        #expect(try Workspace.names(in: directory) == [fileName])
        #expect(try inode("\(directory)/\(fileName)") == inode("\(source.path)/talk.wav"))
    }

    // EXP-8
    @Test func `The path is returned only on request`() async throws {
        let directory = "\(source.path)/out"
        #expect(try await outcome(directory, returnsPath: true).recordingPath == "\(directory)/\(fileName)")
    }

    // EXP-5, EXP-6, EXP-8
    @Test(.enabled(if: hasOtherFileSystem, "needs /dev/shm on another file system than the temporary folder"))
    func `On another file system the delivered file is a copy of the same bytes`() async throws {
        let target = try Self.otherFileSystem()
        let outcome = try await outcome(target.path)
        #expect(outcome.outcome == .attached)
        #expect(outcome.error == nil)
        #expect(try Workspace.names(in: target.path) == [fileName])
        let content = try Data(contentsOf: URL(fileURLWithPath: "\(target.path)/\(fileName)"))
        #expect(content == Workspace.content)
    }

    // EXP-4
    @Test(.enabled(if: hasOtherFileSystem, "needs /dev/shm on another file system than the temporary folder"))
    func `Delivering twice gives one file and the same result, linked or copied`() async throws {
        let copies = try Self.otherFileSystem()
        for directory in ["\(source.path)/out", copies.path] {
            let first = try await outcome(directory)
            let number = try inode("\(directory)/\(fileName)")
            let second = try await outcome(directory)
            #expect(first.recordingID == second.recordingID)
            #expect(second.outcome == .attached)
            #expect(try inode("\(directory)/\(fileName)") == number)
            #expect(try Workspace.names(in: directory) == [fileName])
        }
    }

    // EXP-4
    @Test(arguments: [Data("other".utf8), Data(repeating: 0, count: Workspace.content.count)])
    func `Another file of that name is an error, and is not replaced`(content: Data) async throws {
        let directory = "\(source.path)/out"
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: false)
        try content.write(to: URL(fileURLWithPath: "\(directory)/\(fileName)"))
        let outcome = try await outcome(directory)
        #expect(outcome.outcome == .failed)
        #expect(
            outcome.error
                == "\(directory)/\(fileName) is there already and is another file: move it away, and export again"
        )
        #expect(outcome.spanError == "another file has the recording's name in the target directory")
        #expect(try Data(contentsOf: URL(fileURLWithPath: "\(directory)/\(fileName)")) == content)
    }

    // EXP-2
    @Test func `Without audio nothing is delivered, and that is no error`() async throws {
        let exporter = DirectoryExporter(directoryPath: "\(source.path)/out")
        let outcomes = await ExporterChain([exporter]).run(silentRecording)
        #expect(outcomes.map(\.outcome) == [.none])
        #expect(outcomes[0].error == nil)
        #expect(!FileManager.default.fileExists(atPath: "\(source.path)/out"))
    }

    // EXP-5
    @Test func `A recording that is gone or changed is unreadable, and nothing is delivered`() async throws {
        let directory = "\(source.path)/out"
        try Data("shorter".utf8).write(to: URL(fileURLWithPath: "\(source.path)/talk.wav"))
        let changed = try await outcome(directory)
        #expect(changed.outcome == .unreadable)
        #expect(
            changed.error
                == "the recording \(source.path)/talk.wav is no longer the file of 3000001 bytes that was finalized: "
                + "restore it, and export it again"
        )
        try FileManager.default.removeItem(atPath: "\(source.path)/talk.wav")
        let gone = try await outcome(directory)
        #expect(gone.outcome == .unreadable)
        #expect(gone.spanError == "the recording's file could not be read")
        #expect(!FileManager.default.fileExists(atPath: "\(directory)/\(fileName)"))
    }

    // EXP-6
    @Test(.enabled(if: hasOtherFileSystem, "needs /dev/shm on another file system than the temporary folder"))
    func `A copy whose bytes are not those that were finalized is thrown away`() async throws {
        let target = try Self.otherFileSystem()
        var content = Workspace.content
        content[2_500_000] ^= 1
        try content.write(to: URL(fileURLWithPath: "\(source.path)/talk.wav"))
        #expect(try await outcome(target.path).outcome == .unreadable)
        #expect(try Workspace.names(in: target.path).isEmpty)
    }

    // EXP-8
    @Test(.enabled(if: hasOtherFileSystem, "needs /dev/shm on another file system than the temporary folder"))
    func `What a delivery that died left behind is swept, and what a live one writes is left alone`() async throws {
        let target = try Self.otherFileSystem()
        let part = "\(target.path)/.\(fileName).part"
        try Data("half".utf8).write(to: URL(fileURLWithPath: part))
        try Data("other".utf8).write(to: URL(fileURLWithPath: "\(target.path)/.other.wav.part"))
        let live = try #require(FileHandle(forUpdatingAtPath: part))
        #expect(flock(live.fileDescriptor, LOCK_EX | LOCK_NB) == 0)
        let blocked = try await outcome(target.path)
        #expect(blocked.spanError == "the recording is being delivered by another process")
        #expect(try String(contentsOfFile: part, encoding: .utf8) == "half")
        try live.close()
        #expect(try await outcome(target.path).outcome == .attached)
        #expect(try Workspace.names(in: target.path) == [".other.wav.part", fileName])
    }

    // EXP-8
    @Test(.enabled(if: SmallFileSystem.isAvailable, "needs root, to mount a small file system"))
    func `A full target is a sentence that names the fix, and leaves nothing behind`() async throws {
        let target = try SmallFileSystem(byteCount: 1 << 20)
        let outcome = try await outcome(target.path)
        #expect(outcome.outcome == .failed)
        #expect(
            outcome.error
                == "cannot deliver to \(target.path): its file system is full (write: No space left on device): "
                + "free space there, or choose another directory"
        )
        #expect(outcome.spanError == "the target directory could not be written: its file system is full")
        #expect(try Workspace.names(in: target.path).isEmpty)
    }

    // EXP-8
    @Test(.enabled(if: SmallFileSystem.isAvailable, "needs root, to mount a small file system"))
    func `A read-only target is a sentence that names the fix`() async throws {
        let target = try SmallFileSystem(byteCount: 8 << 20)
        try target.makeReadOnly()
        for directory in [target.path, "\(target.path)/new"] {
            let outcome = try await outcome(directory)
            #expect(outcome.outcome == .failed)
            #expect(outcome.error?.hasPrefix("cannot deliver to \(directory): its file system is read-only (") == true)
            #expect(outcome.error?.hasSuffix("): mount it read-write, or choose another directory") == true)
        }
    }

    // EXP-8
    @Test func `A target that is a file, or whose parent is one, is a sentence that names the fix`() async throws {
        for directory in ["\(source.path)/talk.wav", "\(source.path)/talk.wav/out"] {
            let outcome = try await outcome(directory)
            #expect(
                outcome.error?.hasPrefix("cannot deliver to \(directory): a part of its path is not a directory (")
                    == true
            )
            #expect(outcome.spanError?.contains("/") == false)
        }
    }
}
