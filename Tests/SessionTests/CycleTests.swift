import Foundation
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(10))) struct CycleTests {
    // SES-7, PERF-6
    @Test func `A thousand starts and closes leave no context, thread, descriptor, file or memory behind`() async throws
    {
        let folder = try TemporaryFolder(in: "/dev/shm")
        let ending = try await ChildProcess.run(
            BuiltProducts.sessionCycles,
            [Microphones.fixture("ramp-s16-1ch.wav", "SPEED=max,LOOP=1"), folder.path, "1000"],
            environment: [
                "ALSA_CONFIG_PATH": BuiltProducts.alsaConfiguration,
                "FIXTURE_MICROPHONE": BuiltProducts.fixtureMicrophone,
            ],
            in: folder.path
        )
        // It ends with an error where something of the session was current after it.
        #expect(ending.exitCode == 0, "\(ending.standardError)")
        let output = String(decoding: ending.standardOutput, as: UTF8.self)
        let usage = output.split(separator: "\n").map { $0.split(separator: " ").compactMap { Int($0) } }
        #expect(usage.map(\.first) == stride(from: 100, through: 1000, by: 100).map { $0 })
        let (early, late) = (try #require(usage.dropFirst(2).first), try #require(usage.last))
        // Threads of the last call may still be on their way out.
        #expect(late[1] <= early[1] + 3, "threads: \(usage)")
        #expect(late[2] <= early[2] + 2, "descriptors: \(usage)")
        // About 4 KiB a cycle.
        #expect(late[3] - early[3] < 3000, "kilobytes: \(usage)")
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == [])
    }
}
