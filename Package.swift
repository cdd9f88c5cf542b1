// swift-tools-version: 6.2
import PackageDescription

/// What every Swift target of the package obeys.
let rules: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .strictMemorySafety(),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InferIsolatedConformances"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .treatAllWarnings(as: .error),
]

let tracing = Target.Dependency.product(name: "Tracing", package: "swift-distributed-tracing")
let protobuf = Target.Dependency.product(name: "SwiftProtobuf", package: "swift-protobuf")
let metrics = Target.Dependency.product(name: "CoreMetrics", package: "swift-metrics")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")

/// All that reads what others wrote.
let fuzzed: [Target.Dependency] = [
    "Audio", "HTTP", "Messages", "OTLP", "RecorderIO", "RecordingExport", "RecordingStore", "Session", "TestSupport",
    logging, protobuf, tracing,
]

let package = Package(
    name: "tapeline",
    products: [
        .executable(name: "tapeline", targets: ["Tool"]),
        .library(
            name: "Tapeline",
            targets: ["Audio", "Capture", "HTTP", "OTLP", "RecorderIO", "RecordingExport", "RecordingStore", "Session"]
        ),
        .library(name: "FixtureMicrophone", type: .dynamic, targets: ["FixtureMicrophone"]),
        .library(name: "AllocationCounter", type: .dynamic, targets: ["AllocationCounter"]),
        .library(name: "SleepingClock", type: .dynamic, targets: ["SleepingClock"]),
        .library(name: "FastClock", type: .dynamic, targets: ["FastClock"]),
        .library(name: "StallingDisk", type: .dynamic, targets: ["StallingDisk"]),
        .library(name: "FaultyDisk", type: .dynamic, targets: ["FaultyDisk"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-metrics", from: "2.13.0"),
        .package(url: "https://github.com/apple/swift-distributed-tracing", from: "1.7.3"),
        .package(url: "https://github.com/apple/swift-protobuf", from: "1.39.0", traits: []),
    ],
    targets: [
        .target(name: "Audio", swiftSettings: rules),
        .systemLibrary(name: "CALSA", pkgConfig: "alsa", providers: [.apt(["libasound2-dev"])]),
        .systemLibrary(name: "CCrypto", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
        // Without pkg-config, which would link it: it is loaded when it is needed.
        .systemLibrary(name: "CCurl"),
        .target(name: "CLinux"),
        .systemLibrary(name: "CSQLite", pkgConfig: "sqlite3", providers: [.apt(["libsqlite3-dev"])]),
        .systemLibrary(name: "CSampleRate", pkgConfig: "samplerate", providers: [.apt(["libsamplerate0-dev"])]),
        .systemLibrary(name: "CSndFile", pkgConfig: "sndfile", providers: [.apt(["libsndfile1-dev"])]),
        .systemLibrary(name: "CVorbis", pkgConfig: "vorbisenc", providers: [.apt(["libvorbis-dev"])]),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
        .target(name: "Capture", dependencies: ["Audio", "CALSA", "CLinux"], swiftSettings: rules),
        .target(name: "FrameRing", dependencies: ["Audio", "CLinux"], swiftSettings: rules),
        .target(name: "HTTP", dependencies: ["CCurl", "CZlib"], swiftSettings: rules),
        .target(
            name: "Messages",
            dependencies: [protobuf],
            exclude: ["generate", "livekit.proto", "status.proto", "trace.proto"],
            swiftSettings: rules
        ),
        .target(
            name: "OTLP",
            dependencies: ["HTTP", "Messages", logging, protobuf, tracing],
            swiftSettings: rules
        ),
        .target(
            name: "RecorderIO",
            dependencies: [
                "Audio", "CCrypto", "CLinux", "CSampleRate", "CSndFile", "CVorbis", "Capture", "FrameRing", logging,
                metrics,
            ],
            swiftSettings: rules
        ),
        .target(
            name: "RecordingExport",
            dependencies: ["Audio", "CLinux", "HTTP", "Messages", "RecorderIO", logging, protobuf],
            swiftSettings: rules
        ),
        .target(
            name: "RecordingStore",
            dependencies: ["Audio", "CSQLite", "HTTP", "OTLP", "RecorderIO", "RecordingExport", logging],
            swiftSettings: rules
        ),
        .target(
            name: "Session",
            dependencies: [
                "Audio", "Capture", "HTTP", "RecorderIO", "RecordingExport", "RecordingStore", logging, tracing,
            ],
            swiftSettings: rules
        ),
        .executableTarget(
            name: "Tool",
            dependencies: [
                "Audio", "CLinux", "Capture", "OTLP", "RecorderIO", "RecordingExport", "RecordingStore", "Session",
                logging,
                tracing,
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: rules
        ),

        .target(
            name: "FixtureMicrophone",
            dependencies: ["CALSA"],
            path: "Tests/Support/FixtureMicrophone",
            exclude: ["asound.conf"],
            cSettings: [.define("PIC")]
        ),
        .testTarget(name: "ArchitectureTests", swiftSettings: rules),
        // Only ever loaded with LD_PRELOAD: it replaces malloc, so nothing may link it.
        .target(name: "AllocationCounter", path: "Tests/Support/AllocationCounter"),
        // These four likewise.
        .target(name: "FastClock", path: "Tests/Support/FastClock"),
        .target(name: "SleepingClock", path: "Tests/Support/SleepingClock"),
        .target(name: "StallingDisk", path: "Tests/Support/StallingDisk"),
        .target(name: "FaultyDisk", path: "Tests/Support/FaultyDisk"),
        .target(
            name: "TestSupport",
            dependencies: ["RecordingExport"],
            path: "Tests/Support/TestSupport",
            exclude: ["receiver.py"],
            swiftSettings: rules
        ),
        .testTarget(name: "AudioTests", dependencies: ["Audio"], swiftSettings: rules),
        .testTarget(
            name: "CaptureTests",
            dependencies: ["Audio", "Capture", "FixtureMicrophone", "TestSupport"],
            swiftSettings: rules
        ),
        .testTarget(name: "FrameRingTests", dependencies: ["Audio", "Capture", "FrameRing"], swiftSettings: rules),
        // Its server is there for all who test something that talks HTTP.
        .target(
            name: "LoopbackServer",
            dependencies: ["RecorderIO"],
            path: "Tests/Support/LoopbackServer",
            swiftSettings: rules
        ),
        .testTarget(
            name: "HTTPTests",
            dependencies: ["HTTP", "LoopbackServer", "RecorderIO", "TestSupport"],
            exclude: ["Support/tls-server.py"],
            swiftSettings: rules
        ),
        .testTarget(
            name: "OTLPTests",
            dependencies: ["HTTP", "LoopbackServer", "Messages", "OTLP", "TestSupport", logging, tracing],
            swiftSettings: rules
        ),
        .testTarget(
            name: "RecorderIOTests",
            dependencies: [
                "Audio", "Capture", "FixtureMicrophone", "FrameRing", "RecorderIO", "TestSupport", logging,
                .product(name: "MetricsTestKit", package: "swift-metrics"),
            ],
            swiftSettings: rules
        ),
        .testTarget(
            name: "RecordingExportTests",
            dependencies: ["Audio", "HTTP", "LoopbackServer", "RecorderIO", "RecordingExport", "TestSupport", logging],
            exclude: ["Support/livekit-receiver.py"],
            swiftSettings: rules
        ),
        .testTarget(
            name: "RecordingStoreTests",
            dependencies: [
                "Audio", "FixtureMicrophone", "OTLP", "RecorderIO", "RecordingExport", "RecordingStore", "TestSupport",
                "Tool",
                logging,
            ],
            swiftSettings: rules
        ),
        // Runs sessions in a process of its own, whose threads and memory are nobody else's.
        .executableTarget(
            name: "SessionCycles",
            dependencies: ["Capture", "OTLP", "RecordingExport", "RecordingStore", "Session", logging, tracing],
            path: "Tests/Support/SessionCycles",
            swiftSettings: rules
        ),
        // The example of the README and of the article in Sources/Session/Session.docc.
        .executableTarget(
            name: "Recorder",
            dependencies: [
                "Capture", "OTLP", "RecorderIO", "RecordingExport", "RecordingStore", "Session", logging, tracing,
            ],
            path: "Tests/Support/Recorder",
            swiftSettings: rules
        ),
        .testTarget(
            name: "SessionTests",
            dependencies: [
                "Audio", "Capture", "FixtureMicrophone", "OTLP", "RecorderIO", "RecordingExport", "RecordingStore",
                "Recorder", "Session", "SessionCycles", "TestSupport", logging, tracing,
                .product(name: "InMemoryTracing", package: "swift-distributed-tracing"),
            ],
            swiftSettings: rules
        ),
        .testTarget(
            name: "FuzzTests",
            dependencies: fuzzed,
            exclude: ["Fuzzer.swift"],
            swiftSettings: rules
        ),
        // It runs the built program, with the built plugin.
        .testTarget(
            name: "ToolTests",
            dependencies: ["FixtureMicrophone", "LoopbackServer", "TestSupport", "Tool"],
            swiftSettings: rules
        ),
    ]
)

// `Benchmarks/compare` and `.ci/guard` only: parts of the above for them to measure.
if Context.environment["TAPELINE_BENCHMARKS"] != nil {
    package.targets += [
        .target(name: "CPinning", path: "Benchmarks/CPinning"),
        .executableTarget(
            name: "Measure",
            dependencies: ["Audio", "CPinning", "Capture", "FrameRing", "RecorderIO", logging],
            path: "Benchmarks/Measure",
            swiftSettings: rules
        ),
    ]
}

// `.ci/fuzz` only: the same as a program of libFuzzer's, which needs every target built with its instrumentation.
if Context.environment["TAPELINE_FUZZ"] != nil {
    package.targets.removeAll { $0.name == "FuzzTests" }
    package.targets.append(
        .executableTarget(
            name: "Fuzzer",
            dependencies: fuzzed,
            path: "Tests/FuzzTests",
            exclude: ["FuzzTests.swift"],
            swiftSettings: rules + [.unsafeFlags(["-parse-as-library", "-enable-testing"])]
        )
    )
}
