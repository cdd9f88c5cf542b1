import Testing

/// The listing of `Sources` is the pipeline: a target imports only what is listed above it.
///
/// Listed as `LC_ALL=C ls` lists: capital letters first, so that the C libraries come right after `Audio`.
@Suite struct ArrowTests {
    @Test func `Each target imports only targets listed above it`() throws {
        let targets = try Repository.names(in: "Sources")
        #expect(targets.first == "Audio")
        for file in try Repository.swiftFiles(in: "Sources") {
            for module in file.imports where targets.contains(module) {
                #expect(module < file.target, "\(file.path) imports \(module), which is not listed above it")
            }
        }
    }

    /// Of the C libraries, and of the call wrappers, by file: nobody else sees a C type.
    private static let importers: [String: Set<String>] = [
        "CALSA": [
            "Capture/ALSADevice", "Capture/ALSADirectory", "Capture/ALSANegotiation", "Capture/ALSAPlaybackDevice",
        ],
        "CCrypto": ["RecorderIO/HMACSHA256", "RecorderIO/SHA256"],
        "CCurl": ["HTTP/HTTPTransfer"],
        "CLinux": [
            "Capture/ALSADevice", "Capture/RealtimeThread", "FrameRing/MirroredMemory", "FrameRing/RingCounters",
            "FrameRing/Wakeup", "RecorderIO/PartFile", "RecorderIO/WallClock", "RecordingExport/ChildProcess",
            "RecordingExport/Descriptor",
            "RecordingExport/TargetDirectory", "Tool/SignalWatch",
        ],
        "CSQLite": ["RecordingStore/SQLiteConnection", "RecordingStore/SQLiteStatement"],
        "CSampleRate": ["RecorderIO/Resampler"],
        "CSndFile": ["RecorderIO/SoundFile"],
        "CVorbis": ["RecorderIO/VorbisStream"],
        "CZlib": ["HTTP/Gzip"],
    ]

    @Test func `Each C module is imported by its fence files, and by no other`() throws {
        let modules = try Repository.names(in: "Sources").filter { $0.starts(with: /C[A-Z]/) }
        #expect(modules == Self.importers.keys.sorted())
        let files = try Repository.swiftFiles(in: "Sources")
        for (module, fences) in Self.importers {
            let importers = Set(files.filter { $0.imports.contains(module) }.map(\.name))
            #expect(importers.subtracting(fences) == [], "\(module) is imported outside its fence")
            #expect(fences.subtracting(importers) == [], "the list of \(module)'s fence files is out of date")
        }
    }
}
