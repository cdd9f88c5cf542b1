import Foundation
import TestSupport
import Testing

/// When the recorder puts on the disk what it has.
@Suite(.timeLimit(.minutes(10))) struct SyncTests {
    static let canTrace: Bool = {
        let process = try? Process.run(
            URL(filePath: "/usr/bin/env"),
            arguments: ["strace", "-qo", "/dev/null", "true"]
        )
        process?.waitUntilExit()
        return process?.terminationStatus == 0
    }()

    // REC-8: half a second between two syncs and the device's period leave the disk a quarter of the second.
    @Test(.enabled(if: canTrace, "needs strace, and the right to use it"), arguments: ["wav", "flac", "ogg-vorbis"])
    func `Each time the recorder wakes by the clock it syncs`(container: String) async throws {
        let tapeline = try Tapeline()
        let device = try tapeline.device(Ramp("S16_LE", rate: 48000), frames: 65536, "LOOP=1")
        let trace = "\(tapeline.folder.path)/trace"
        let ending = try await ChildProcess.run(
            "/usr/bin/env",
            [
                "strace", "-qq", "--follow-forks", "--output-separately", "--trace=ppoll,fdatasync", "--output", trace,
                BuiltProducts.tapeline, "record", "--device", device, "--container", container, "--duration", "3",
                "--output", "\(tapeline.folder.path)/take", "--state", tapeline.state,
            ],
            environment: Tapeline.environment
        )
        #expect(ending.exitCode == 0, "\(ending.standardError)")
        let threads = try tapeline.folder.contents.filter { $0.hasPrefix("trace.") }.map { name in
            try String(contentsOfFile: "\(tapeline.folder.path)/\(name)", encoding: .utf8).split(separator: "\n")
        }
        let recorder = try #require(threads.first { $0.contains { $0.contains("tv_nsec=500000000}") } })
        let wakeups = recorder.indices.filter { recorder[$0].hasSuffix(" = 0 (Timeout)") }
        #expect(wakeups.count > 0)
        for index in wakeups {
            #expect(recorder.dropFirst(index + 1).first?.hasPrefix("fdatasync(") == true)
        }
    }
}
