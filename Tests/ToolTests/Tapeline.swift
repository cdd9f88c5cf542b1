import Foundation
import TestSupport
import Testing

/// The program as the tests run it: with the fixture microphone as a device, and a folder of its own for state.
struct Tapeline {
    let folder: TemporaryFolder

    /// - Parameter parent: where its folder is made; the system's temporary folder unless given.
    init(in parent: String = FileManager.default.temporaryDirectory.path) throws {
        folder = try TemporaryFolder(in: parent)
    }

    var state: String { folder.path + "/state" }

    static let environment = [
        "ALSA_CONFIG_PATH": BuiltProducts.alsaConfiguration,
        "FIXTURE_MICROPHONE": BuiltProducts.fixtureMicrophone,
    ]

    /// The name of a device that plays `file`.
    static func device(_ file: String, _ arguments: String...) -> String {
        "fixture:" + (["FILE=\(file)"] + arguments.filter { !$0.isEmpty }).joined(separator: ",")
    }

    /// Writes `frames` frames of a ramp, and returns the name of a device that plays them.
    func device(_ ramp: Ramp, frames: Int, _ arguments: String...) throws -> String {
        let file = try folder.write(ramp.bytes(frames: frames), to: "ramp-\(UUID().uuidString.prefix(8)).raw")
        let shape = "FORMAT=\(ramp.format),RATE=\(ramp.rate),CHANNELS=\(ramp.channels)"
        return "fixture:" + (["FILE=\(file)", shape] + arguments.filter { !$0.isEmpty }).joined(separator: ",")
    }

    /// Starts `tapeline record`.
    func start(_ device: String, _ arguments: [String] = [], environment: [String: String] = [:]) throws -> Running {
        let process = try ChildProcess(
            BuiltProducts.tapeline,
            ["record", "--device", device, "--state", state, "--json"] + arguments,
            environment: Self.environment.merging(environment) { $1 },
            in: folder.path
        )
        return Running(process: process)
    }

    /// Runs `tapeline record --json` to its end.
    func record(
        _ device: String,
        _ arguments: [String] = [],
        environment: [String: String] = [:]
    ) async throws -> Outcome {
        try await start(device, arguments, environment: environment).ended()
    }

    /// Runs `tapeline` with just these arguments.
    func run(_ arguments: [String], environment: [String: String] = [:]) async throws -> Outcome {
        let environment = Self.environment.merging(environment) { $1 }
        let ending = try await ChildProcess.run(
            BuiltProducts.tapeline,
            arguments,
            environment: environment,
            in: folder.path
        )
        return Outcome(ending)
    }

    /// The spans in the state folder's file, flattened.
    func spans() throws -> [Span] {
        let path = state + "/spans.jsonl"
        guard FileManager.default.fileExists(atPath: path) else { return [] }
        let lines = try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n")
        return try lines.flatMap { line in
            let request = try JSONDecoder().decode(Span.Request.self, from: Data(line.utf8))
            return request.resourceSpans.flatMap { $0.scopeSpans.flatMap(\.spans) }
        }
    }

    /// The reports beside recordings in folders of their own below a folder, in the order of the recordings.
    static func reports(below directory: String) throws -> [Report] {
        let folder = directory + "/recordings"
        let reports = try FileManager.default.contentsOfDirectory(atPath: folder).flatMap { name in
            try FileManager.default.contentsOfDirectory(atPath: "\(folder)/\(name)").filter { $0.hasSuffix(".json") }
                .map { file in
                    let data = try Data(contentsOf: URL(fileURLWithPath: "\(folder)/\(name)/\(file)"))
                    return try Report.decoder.decode(Report.self, from: data)
                }
        }
        return reports.sorted { ($0.recording?.startedAt ?? "") < ($1.recording?.startedAt ?? "") }
    }

    /// A recording that is going on.
    struct Running {
        let process: ChildProcess

        /// Waits until it says that it records.
        func isRecording() async throws {
            let isRecording = try await process.says("tapeline: recording ")
            #expect(isRecording, "\(process.standardError)")
        }

        func ended(within limit: Duration = .seconds(400)) async throws -> Outcome {
            Outcome(try await process.ended(within: limit))
        }
    }
}

/// How a run of the program ended.
struct Outcome {
    var exitCode: Int32?
    var standardOutput: String
    var standardError: String
    /// What stands on standard output, if it is a report.
    var report: Report?

    init(_ ending: ChildProcess.Ending) {
        exitCode = ending.exitCode
        standardOutput = String(decoding: ending.standardOutput, as: UTF8.self)
        standardError = ending.standardError
        report = try? Report.decoder.decode(Report.self, from: ending.standardOutput)
        #expect(!ending.wasTooLong, "killed, for it did not end: \(ending.standardError)")
        #expect(ending.signal == nil, "a signal ended it: \(ending.standardError)")
    }

    /// The lines on standard error that are no news of a good recording.
    var sentences: [String] {
        standardError.split(separator: "\n").map(String.init).filter {
            !$0.hasPrefix("tapeline: recording ") && !$0.contains("real-time priority")
        }
    }

    /// The recording of a run that must have gone well.
    func recording(exitCode expected: Int32 = 0) throws -> Report.Recording {
        #expect(exitCode == expected, "\(standardError)")
        return try #require(report?.recording, "\(standardError)\(standardOutput)")
    }
}

/// The session's report, by the keys of SES-10.
struct Report: Decodable {
    static var decoder: JSONDecoder {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        return decoder
    }

    struct Recording: Decodable {
        var id: String
        var path: String
        var container: String
        var sampleFormat: String
        var sampleRateHz: Int
        var measuredRateHz: Double?
        var channels: Int
        var frames: Int
        var durationS: Double
        var startedAt: String
        var sha256: String
        var bytes: Int
        var peakDbfs: Double?
        var droppedFrames: Int
        var gaps: [Gap]
        var conditions: [Condition]?

        var gapFrames: Int { gaps.reduce(0) { $0 + $1.frames } }
        func sound() async throws -> Sound { try await Decoder.read(path, as: container) }
    }

    struct Gap: Decodable, Equatable {
        var firstFrame: Int
        var frames: Int
        var cause: String
        var channels: [Int]?

        var end: Int { firstFrame + frames }
    }

    struct Phase: Decodable {
        var phase: String
        var outcome: String
        var error: String?
    }

    struct Condition: Decodable, Equatable {
        var condition: String
        var firstFrame: Int
        var frames: Int
        var channels: [Int]?
    }

    struct Recovered: Decodable {
        var cutBytes: Int
        var damagedBytes: Int
        var lostFramesAtMost: Int
    }

    struct Export: Decodable {
        var exporter: String
        var destination: String?
        var outcome: String
        var recordingUrl: String?
        var recordingId: String?
        var recordingPath: String?
        var error: String?
        var seconds: Double
    }

    var sessionId: String
    var traceId: String
    var spanId: String
    var version: String
    var startedAt: String
    var endedAt: String
    var status: String
    var recording: Recording?
    var recovered: Recovered?
    var exports: [Export]
    var phases: [Phase]
}

/// A span, as far as the tests look at it.
struct Span: Decodable {
    struct Request: Decodable {
        struct Resource: Decodable { var scopeSpans: [Scope] }
        struct Scope: Decodable { var spans: [Span] }
        var resourceSpans: [Resource]
    }
    struct Event: Decodable { var name: String }
    struct Link: Decodable, Equatable {
        var traceId: String
        var spanId: String
    }
    struct Attribute: Decodable {
        struct Value: Decodable {
            var stringValue: String?
            var boolValue: Bool?
        }
        var key: String
        var value: Value
    }

    var name: String
    var traceId: String
    var spanId: String
    var parentSpanId: String?
    var startTimeUnixNano: String
    var endTimeUnixNano: String
    var attributes: [Attribute]?
    var events: [Event]?
    var links: [Link]?

    var isRecovered: Bool { attributes?.first { $0.key == "tapeline.recording.recovered" }?.value.boolValue == true }

    subscript(key: String) -> String? { attributes?.first { $0.key == key }?.value.stringValue }
}

/// Seconds since 1970 of an RFC 3339 time with fractions.
func secondsSince1970(_ timestamp: String) throws -> Double {
    let formatter = ISO8601DateFormatter()
    formatter.formatOptions = [.withInternetDateTime, .withFractionalSeconds]
    return try #require(formatter.date(from: timestamp), "\(timestamp) is no time").timeIntervalSince1970
}
