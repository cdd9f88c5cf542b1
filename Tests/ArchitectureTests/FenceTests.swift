import Testing

/// Raw memory and unchecked promises stay where they can be reviewed, and errors are neither lost nor fatal.
@Suite struct FenceTests {
    /// The only files that may say `unsafe`, `@safe` or `@unchecked Sendable`, and why each must.
    private static let reasons = [
        "Capture/ALSADevice": "alsa-lib's handle, and frames read straight into ring memory",
        "Capture/ALSADirectory": "alsa-lib's list of devices, strings to be freed",
        "Capture/ALSANegotiation": "alsa-lib's parameter structs",
        "Capture/ALSAPlaybackDevice": "alsa-lib's handle, and frames written straight from an application's arrays",
        "Capture/RealtimeThread": "pthread_create and the scheduler",
        "FrameRing/ByteBuffer": "memory allocated once, at a cache line's start",
        "FrameRing/FrameConsumer": "the ring's memory as a span, the reading end",
        "FrameRing/FrameProducer": "the ring's memory as a span, the writing end",
        "FrameRing/MirroredMemory": "mmap, twice, and mlock",
        "FrameRing/RingCounters": "atomics at chosen addresses",
        "FrameRing/Samples": "bytes read as samples",
        "FrameRing/Samples+Channels": "samples of one format put among those of another",
        "HTTP/Gzip": "zlib's stream",
        "HTTP/HTTPBodyReader": "the body's files, read into libcurl's memory",
        "HTTP/HTTPTransfer": "libcurl's handles and callbacks",
        "HTTP/SIGPIPEShield": "the thread's signal mask",
        "Messages/trace.pb": "what protobuf's generator writes for large messages",
        "OTLP/AppendOnlyFile": "open, write and stat of the spans file",
        "RecorderIO/DiskReserve": "open and unlink of a file without a name",
        "RecorderIO/DiskSpace": "struct statvfs",
        "RecorderIO/Folder": "mkdir, and fsync of folders",
        "RecorderIO/HMACSHA256": "libcrypto's HMAC",
        "RecorderIO/PartFile": "pwrite, pread and rename of the recording",
        "RecorderIO/RecorderError": "strerror",
        "RecorderIO/Resampler": "libsamplerate's state, and what it reads and writes",
        "RecorderIO/SHA256": "libcrypto's context",
        "RecorderIO/SoundFile": "libsndfile's handle and its virtual file",
        "RecorderIO/VorbisFile": "its output, which it alone has, goes with it to another thread",
        "RecorderIO/VorbisStream": "the structs of libvorbis and libogg, which point at each other",
        "RecordingExport/ChildProcess": "posix_spawn and waitpid",
        "RecordingExport/Descriptor": "open, read and write",
        "RecordingExport/ExporterThread": "pthread_create",
        "RecordingExport/FileFacts": "struct stat",
        "RecordingExport/SystemCallFailure": "strerror",
        "RecordingExport/TargetDirectory": "linkat, unlinkat and mkdir",
        "RecordingExport/WakePipe": "poll",
        "RecordingStore/LockFile": "open, flock and unlink of a process's lock",
        "RecordingStore/SQLiteConnection": "SQLite's handle",
        "RecordingStore/SQLiteStatement": "a compiled statement, and the bytes that it shows",
        "Tool/SignalWatch": "signal masks and sigwait",
        "Tool/StandardError": "write, unbuffered, also where stderr is closed",
        "Tool/Tapeline": "setenv before the first thread",
    ]

    @Test func `Only fence files say unsafe`() throws {
        let unsafe = /\bunsafe\b|@safe\b|@unchecked\b/
        let files = try Repository.swiftFiles(in: "Sources")
        let found = Set(files.filter { $0.contains(unsafe) }.map(\.name))
        #expect(found.subtracting(Self.reasons.keys) == [], "unsafe code outside a fence")
        #expect(Set(Self.reasons.keys).subtracting(found) == [], "these need no fence any more")
    }

    @Test func `No error is dropped, and none ends the process`() throws {
        let forbidden = /\btry[?!]|\bfatalError\(/
        for file in try Repository.swiftFiles(in: "Sources") {
            #expect(!file.contains(forbidden), "\(file.path) has try?, try! or fatalError")
        }
    }

    @Test func `Only the program prints`() throws {
        let printing = /(?:^|[^.\w])(?:print|debugPrint|dump)\(/
        for file in try Repository.swiftFiles(in: "Sources") where file.target != "Tool" {
            #expect(!file.contains(printing), "\(file.path) prints")
        }
    }
}
