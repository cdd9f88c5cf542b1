import Foundation
import Glibc
import TestSupport
import Testing

/// A device that is not there at the start is waited for where that was asked for (CLI-3, SES-3).
@Suite(.timeLimit(.minutes(10))) struct WaitForDeviceTests {
    private let tapeline: Tapeline
    private let ramp = Ramp()

    init() throws { tapeline = try Tapeline() }

    /// A device whose file is not there yet.
    private var device: String {
        Tapeline.device("\(tapeline.folder.path)/microphone.raw", "FORMAT=S32_LE,RATE=48000,CHANNELS=2,SPEED=max")
    }

    private func plug() throws { _ = try tapeline.folder.write(ramp.bytes(frames: 48000), to: "microphone.raw") }

    private func waiting(_ device: String) -> String {
        "tapeline: \(device) is not there (No such file or directory): waiting for it"
    }

    /// What is there beside the device and the program's own state, which holds recordings in a folder.
    private var left: [String] {
        tapeline.folder.contents.filter {
            $0 != "microphone.raw" && (!$0.hasPrefix("state") || $0.hasPrefix("state/recordings"))
        }
    }

    @Test func `A device that comes later is recorded from then on`() async throws {
        let running = try tapeline.start(device, ["--wait-for-device", "--output", "take.wav"])
        #expect(try await running.process.says(waiting(device)))
        #expect(left.filter { $0.contains("take") } == [])
        let plugged = Date().timeIntervalSince1970
        try plug()
        let outcome = try await running.ended()
        let recording = try outcome.recording()
        #expect(ramp.runs(in: try await recording.sound()) == [Run(0, 48000, .ramp(offset: 0))])
        #expect(outcome.sentences == [waiting(device)])
        // The session is no older than its device.
        #expect(try secondsSince1970(try #require(outcome.report?.startedAt)) > plugged - 0.01)
        #expect(try tapeline.spans().count == 1)
    }

    @Test func `A device whose configuration comes later is recorded as well`() async throws {
        // alsa-lib looks for such a file once, and not again when it was not there.
        let hook = "@hooks [ { func load files [ \"\(tapeline.folder.path)/desk.conf\" ] errors false } ]\n"
        let general = try String(contentsOfFile: BuiltProducts.alsaConfiguration, encoding: .utf8)
        let configuration = try tapeline.folder.write(Data((hook + general).utf8), to: "asound.conf")
        try plug()
        let running = try tapeline.start(
            "desk",
            ["--wait-for-device", "--duration", "0.5"],
            environment: ["ALSA_CONFIG_PATH": configuration]
        )
        #expect(try await running.process.says(waiting("desk")))
        let desk = "pcm.desk { type plug\nslave.pcm \"\(device)\" }\n"
        _ = try tapeline.folder.write(Data(desk.utf8), to: "desk.conf")
        #expect(try await running.ended().recording().frames == 24000)
    }

    @Test(arguments: [SIGINT, SIGTERM, SIGHUP])
    func `A signal ends the wait, and nothing is left behind`(_ signal: Int32) async throws {
        let running = try tapeline.start(device, ["--wait-for-device"])
        #expect(try await running.process.says(waiting(device)))
        running.process.send(signal)
        let outcome = try await running.ended()
        #expect(outcome.exitCode == 69)
        #expect(
            outcome.sentences == [
                waiting(device),
                "tapeline: cannot open \(device) (No such file or directory): choose a device from 'tapeline devices' "
                    + "with --device",
            ]
        )
        #expect(outcome.standardOutput.isEmpty)
        #expect(left == [])
        #expect(try tapeline.spans().isEmpty)
    }

    @Test(arguments: [("BUSY=1", 69), ("RATES=8000", 64)])
    func `A device that is there, and cannot be recorded, is not waited for`(
        _ argument: String,
        _ exitCode: Int32
    ) async throws {
        try plug()
        let device = device.replacingOccurrences(of: "SPEED=max", with: argument)
        let outcome = try await tapeline.record(device, ["--wait-for-device", "--rate", "48000"])
        #expect(outcome.exitCode == exitCode)
        #expect(outcome.sentences.count == 1)
        #expect(left == [])
    }

    // What died before is recovered meanwhile, and not only once the device is there.
    @Test func `The wait keeps no earlier recording from being recovered`() async throws {
        try plug()
        let looping = device.replacingOccurrences(of: "SPEED=max", with: "LOOP=1")
        let dying = try tapeline.start(looping, ["--output", "died.wav"])
        try await dying.isRecording()
        try await Task.sleep(for: .seconds(2))
        dying.process.send(SIGKILL)
        _ = try await dying.process.ended()
        let absent = Tapeline.device("\(tapeline.folder.path)/other.raw", "FORMAT=S32_LE,RATE=48000,CHANNELS=2")
        let running = try tapeline.start(absent, ["--wait-for-device"])
        while running.process.isRunning, !tapeline.folder.contents.contains("died.wav.json") {
            try await Task.sleep(for: .milliseconds(20))
        }
        running.process.send(SIGTERM)
        #expect(try await running.ended().exitCode == 69)
        #expect(tapeline.folder.contents.contains("died.wav"))
    }
}
