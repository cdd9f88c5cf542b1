public import Foundation
import Glibc
import Synchronization

/// A program that runs beside the tests, with what it writes kept in files, so that no pipe ever blocks it.
public final class ChildProcess: Sendable {
    /// How a program ended.
    public struct Ending: Sendable {
        /// Nil if a signal ended it.
        public var exitCode: Int32?
        public var signal: Int32?
        public var standardOutput: Data
        public var standardError: String
        /// True if it had to be killed because it ran longer than allowed.
        public var wasTooLong: Bool
    }

    private struct State {
        var ending: (status: Int32, isExit: Bool)?
        var waiters: [CheckedContinuation<Void, Never>] = []
    }

    public let processID: Int32
    private let process: Process
    private let outputPath: String
    private let errorPath: String
    private let folder: TemporaryFolder
    private let state: Shared

    private final class Shared: Sendable {
        let state = Mutex(State())
    }

    /// Starts a program.
    ///
    /// - Parameters:
    ///   - environment: on top of the tests' own.
    ///   - currentFolder: where it runs; the tests' own unless given.
    public init(
        _ program: String,
        _ arguments: [String],
        environment: [String: String] = [:],
        in currentFolder: String? = nil
    ) throws {
        folder = try TemporaryFolder()
        outputPath = "\(folder.path)/out"
        errorPath = "\(folder.path)/err"
        for path in [outputPath, errorPath] { try Data().write(to: URL(fileURLWithPath: path)) }
        let process = Process()
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = arguments
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        if let currentFolder { process.currentDirectoryURL = URL(fileURLWithPath: currentFolder) }
        process.standardInput = FileHandle.nullDevice
        let outputs = try [outputPath, errorPath].map { try FileHandle(forWritingTo: URL(fileURLWithPath: $0)) }
        // Thousands of processes are run by these tests, and each object lives on for a while.
        defer { for output in outputs { try? output.close() } }
        process.standardOutput = outputs[0]
        process.standardError = outputs[1]
        let shared = Shared()
        state = shared
        process.terminationHandler = { process in
            let ending = (process.terminationStatus, process.terminationReason == .exit)
            let waiters = shared.state.withLock { state in
                state.ending = ending
                defer { state.waiters = [] }
                return state.waiters
            }
            for waiter in waiters { waiter.resume() }
        }
        try process.run()
        self.process = process
        processID = process.processIdentifier
    }

    /// Sends a signal.
    public func send(_ signal: Int32) { kill(processID, signal) }

    public var isRunning: Bool { state.state.withLock { $0.ending == nil } }

    /// What it has written to standard error so far.
    public var standardError: String {
        String(decoding: (try? Data(contentsOf: URL(fileURLWithPath: errorPath))) ?? Data(), as: UTF8.self)
    }

    /// Waits until `text` stands on its standard error; false if it ended without.
    @discardableResult
    public func says(_ text: String) async throws -> Bool {
        while !standardError.contains(text) {
            guard isRunning else { return standardError.contains(text) }
            try await Task.sleep(for: .milliseconds(5))
        }
        return true
    }

    /// Waits for its end. What runs longer than the limit is killed: tests never hang.
    public func ended(within limit: Duration = .seconds(400)) async throws -> Ending {
        let wasTooLong = try await withThrowingTaskGroup(of: Bool.self) { group in
            group.addTask {
                await self.waitForEnd()
                return false
            }
            group.addTask {
                try await Task.sleep(for: limit)
                self.send(SIGKILL)
                await self.waitForEnd()
                return true
            }
            defer { group.cancelAll() }
            return try await group.next() ?? false
        }
        let ending = state.state.withLock { $0.ending }
        return Ending(
            exitCode: ending?.isExit == true ? ending?.status : nil,
            signal: ending?.isExit == false ? ending?.status : nil,
            standardOutput: try Data(contentsOf: URL(fileURLWithPath: outputPath)),
            standardError: standardError,
            wasTooLong: wasTooLong
        )
    }

    private func waitForEnd() async {
        await withCheckedContinuation { continuation in
            let isOver = state.state.withLock { state in
                if state.ending == nil { state.waiters.append(continuation) }
                return state.ending != nil
            }
            if isOver { continuation.resume() }
        }
    }

    /// Runs a program to its end.
    public static func run(
        _ program: String,
        _ arguments: [String],
        environment: [String: String] = [:],
        in currentFolder: String? = nil
    ) async throws -> Ending {
        try await ChildProcess(program, arguments, environment: environment, in: currentFolder).ended()
    }
}
