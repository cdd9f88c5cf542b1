import Foundation
import Glibc
import RecorderIO
import RecordingExport
import TestSupport
import Testing

/// One at a time: a program that one test is still writing must not be held open by another test's child.
@Suite(.serialized, .timeLimit(.minutes(10))) struct CommandExporterTests {
    private let workspace: Workspace
    private let recording: SessionRecording

    init() throws {
        workspace = try Workspace()
        recording = try workspace.recording()
    }

    private func outcome(_ script: String, of recording: SessionRecording? = nil) async throws -> ExportOutcome {
        let program = try workspace.program("#!/bin/sh\n\(script)\n")
        let exporter = CommandExporter(programPath: program, timeLimit: .seconds(60))
        let outcome = try #require(await ExporterChain([exporter]).run(recording ?? self.recording).first)
        #expect(try Self.children().isEmpty)
        return outcome
    }

    /// Runs a script that never ends, cancels the chain once the script says that it is ready, and waits for its end.
    private func cancelledOutcome(_ script: String) async throws -> ExportOutcome {
        let program = try workspace.program("#!/bin/sh\n\(script)\n")
        let observed = ObservedChain([CommandExporter(programPath: program, timeLimit: .seconds(60))])
        let recording = recording
        let run = Task { await observed.chain.run(recording) }
        while !FileManager.default.fileExists(atPath: "\(workspace.path)/ready") { await Task.yield() }
        run.cancel()
        let outcomes = await run.value
        await observed.waitForLateEnd(of: "command")
        return try #require(outcomes.first)
    }

    /// Exporters' programs whose parent is this process, zombies too. Other suites' children have other names.
    private static func children() throws -> [String] {
        try Workspace.names(in: "/proc").filter { name in
            guard name.allSatisfy(\.isNumber) else { return false }
            guard let status = try? String(contentsOfFile: "/proc/\(name)/stat", encoding: .utf8) else { return false }
            guard status.contains("(program)") else { return false }
            let fields = status[(status.lastIndex(of: ")") ?? status.startIndex)...].split(separator: " ")
            return fields.count > 2 && fields[2] == "\(getpid())"
        }
    }

    /// Whether the process whose id a script wrote into a file of that name runs.
    private func isRunning(_ name: String) throws -> Bool {
        let id = try String(contentsOfFile: "\(workspace.path)/\(name)", encoding: .utf8)
            .trimmingCharacters(in: .whitespacesAndNewlines)
        #expect(Int(id) != nil)
        guard let status = try? String(contentsOfFile: "/proc/\(id)/stat", encoding: .utf8) else { return false }
        return !status.contains(") Z ")
    }

    /// SIGKILL was sent, and takes effect a moment later on a process that is not our child: waits for that value.
    private func waitForEnd(_ name: String) async throws {
        let patience = ContinuousClock.now + .seconds(60)
        while try isRunning(name) {
            try #require(ContinuousClock.now < patience, "\(name) was not killed")
            await Task.yield()
        }
    }

    // EXP-1, EXP-4, EXP-8
    @Test func `A program is told all of the recording, and its answer is the result`() async throws {
        let outcome = try await outcome(
            """
            cat > "${0%/*}/told"
            echo '{"recording_url": "https://host/1", "recording_id": "i", "recording_path": "/p",'
            echo ' "trace_attributes": {"a": 1, "b": "x", "c": true, "d": 0.5}, "more": [1]}'
            """
        )
        #expect(outcome.outcome == .attached)
        #expect(outcome.error == nil)
        #expect(outcome.recordingURL == "https://host/1")
        #expect(outcome.recordingID == "i")
        #expect(outcome.recordingPath == "/p")
        #expect(outcome.traceAttributes == ["a": 1, "b": "x", "c": true, "d": 0.5])
        let told = try String(contentsOfFile: "\(workspace.path)/told", encoding: .utf8)
        let id = Workspace.recordingID
        #expect(
            told == #"{"bytes":3000001,"channels":2,"container":"wav","duration_s":15.624770833,"frames":749989,"#
                + #""idempotency_key":"\#(id)-\#(Workspace.sha256)","media_type":"audio/wav","#
                + #""path":"\#(workspace.path)/talk.wav","recording_id":"\#(id)","sample_format":"S16_LE","#
                + #""sample_rate_hz":48000,"session_id":"session-1","sha256":"\#(Workspace.sha256)","#
                + #""span_id":"b7ad6b7169203331","started_at":"2025-06-15T15:06:40.250Z","#
                + #""trace_id":"0af7651916cd43dd8448eb211c80319c"}"# + "\n"
        )
    }

    // EXP-2
    @Test func `Without audio a program is told just that, and saying nothing is no error`() async throws {
        let outcome = try await outcome(#"cat > "${0%/*}/told""#, of: silentRecording)
        #expect(outcome.outcome == .none)
        #expect(outcome.error == nil)
        let told = try String(contentsOfFile: "\(workspace.path)/told", encoding: .utf8)
        #expect(told == #"{"idempotency_key":"r","recording_id":"r","session_id":"s"}"# + "\n")
    }

    // EXP-8
    @Test func `A program that fails is told with its status and the last lines of its standard error`() async throws {
        let outcome = try await outcome(
            "yes 'old line' | head -c 99999 >&2; printf 'no such bucket\\n\\033[31mgiving up\\n' >&2; exit 3"
        )
        #expect(outcome.outcome == .failed)
        #expect(
            outcome.error
                == "\(workspace.path)/program exited with status 3: old line | no such bucket |  [31mgiving up"
        )
        #expect(outcome.spanError == "the command exited with status 3")
        let silent = try await self.outcome("exit 1")
        #expect(silent.error?.hasSuffix("it wrote nothing to standard error: run it by hand to see why") == true)
    }

    // EXP-8
    @Test func `A program that was killed is told with its signal`() async throws {
        let outcome = try await outcome("kill -SEGV $$")
        #expect(outcome.spanError == "the command was killed by signal 11 (SIGSEGV)")
    }

    // EXP-8
    @Test(arguments: [
        ("oops, no JSON", "printed something that is not a JSON object"),
        ("[1]", "printed something that is not a JSON object"),
        ("\"text\"", "printed something that is not a JSON object"),
        ("{\"recording_id\": 5}", "printed a wrong type for recording_id"),
        ("{\"trace_attributes\": {\"a\": {}}}", "printed a wrong type for trace_attributes.a"),
        ("{\"trace_attributes\": {\"\\u001b[2J\": {}}}", "printed a wrong type for trace_attributes. [2J"),
        ("{\"recording_id\": \"a\"} {}", "printed something that is not a JSON object"),
    ])
    func `An answer that is none is told with its beginning`(answer: String, what: String) async throws {
        let outcome = try await outcome("cat <<'END'\n\(answer)\nEND")
        #expect(outcome.outcome == .failed)
        #expect(outcome.error?.hasPrefix("\(workspace.path)/program \(what): its output begins \"\(answer) \"") == true)
        #expect(outcome.spanError == "the command printed something that is not the JSON object asked for")
    }

    // EXP-5
    @Test func `A program that prints without end is ended`() async throws {
        let outcome = try await outcome("yes; exit 0")
        #expect(outcome.error?.hasPrefix("\(workspace.path)/program printed more than 64 KiB, and was ended") == true)
    }

    // EXP-8: 64 KiB are allowed.
    @Test func `A long answer within the limit is read whole`() async throws {
        let outcome = try await outcome(
            "printf '{\"recording_id\": \"'; head -c 65000 /dev/zero | tr '\\0' x; printf '\"}'"
        )
        #expect(outcome.recordingID?.count == 65000)
    }

    // EXP-8
    @Test func `A program that does not read what it is told is fine, whatever this process does with SIGPIPE`()
        async throws
    {
        var long = recording
        long.sessionID = String(repeating: "x", count: 1 << 20)
        let outcome = try await outcome("exec 0<&-; echo '{\"recording_id\": \"i\"}'", of: long)
        #expect(outcome.recordingID == "i")
        let stillOpen = try await self.outcome("echo '{\"recording_id\": \"i\"}'", of: long)
        #expect(stillOpen.recordingID == "i")
    }

    // EXP-2
    @Test func `A process left in the background that holds the standard output is not waited for`() async throws {
        let outcome = try await outcome(
            "sleep 1000 & echo $! > \"${0%/*}/background\"; echo '{\"recording_id\": \"i\"}'"
        )
        #expect(outcome.recordingID == "i")
        #expect(try isRunning("background"))
        let id = try String(contentsOfFile: "\(workspace.path)/background", encoding: .utf8)
        #expect(kill(try #require(pid_t(id.trimmingCharacters(in: .newlines))), SIGKILL) == 0)
    }

    // EXP-2
    @Test func `A program that hangs is ended with all that it started`() async throws {
        let outcome = try await cancelledOutcome(
            """
            sleep 1000 &
            echo $! > "${0%/*}/background"; echo $$ > "${0%/*}/own"; echo > "${0%/*}/ready"
            wait
            """
        )
        #expect(outcome.outcome == .cancelled)
        #expect(try !isRunning("own"))
        try await waitForEnd("background")
        #expect(try Self.children().isEmpty)
    }

    // EXP-2
    @Test func `A program that ignores SIGTERM is killed with all that it started`() async throws {
        let outcome = try await cancelledOutcome(
            """
            trap '' TERM
            sh -c 'echo $$ > "$1/background"; while :; do sleep 1; done' sh "${0%/*}" &
            while [ ! -s "${0%/*}/background" ]; do :; done
            echo $$ > "${0%/*}/own"; echo > "${0%/*}/ready"
            while :; do sleep 1; done
            """
        )
        #expect(outcome.outcome == .cancelled)
        #expect(try !isRunning("own"))
        try await waitForEnd("background")
        #expect(try Self.children().isEmpty)
    }

    // EXP-2
    @Test func `At the time limit the chain goes on, and the program is ended and reaped behind it`() async throws {
        let program = try workspace.program("#!/bin/sh\ntrap '' TERM\nwhile :; do sleep 1; done\n")
        let good = ScriptedExporter(name: "good") { _ in RecordingExportResult(recordingID: "g") }
        let observed = ObservedChain([CommandExporter(programPath: program, timeLimit: .milliseconds(300)), good])
        let outcomes = await observed.chain.run(recording)
        #expect(outcomes.map(\.outcome) == [.timeout, .attached])
        await observed.waitForLateEnd(of: "command")
        #expect(try Self.children().isEmpty)
    }

    // EXP-2
    @Test func `A program that is given up does not outlive this process`() async throws {
        let folder = workspace.path
        let program = try workspace.program(
            "#!/bin/sh\ntrap '' TERM\necho $$ > \(folder)/own; echo > \(folder)/ready; while :; do sleep 1; done\n"
        )
        await #expect(processExitsWith: .success) { [program = program as String, folder = folder as String] in
            let run = Task { await ExporterChain([CommandExporter(programPath: program)]).run(silentRecording) }
            while !FileManager.default.fileExists(atPath: "\(folder)/ready") { await Task.yield() }
            run.cancel()
            _ = await run.value
            exit(0)
        }
        try await waitForEnd("own")
    }

    // EXP-8
    @Test func `A program sees default signals, its own group and no descriptor of ours`() async throws {
        let host = CarelessHost()
        let outcome = try await outcome(
            """
            signals=$(grep -E '^Sig(Blk|Ign)' /proc/$$/status | cut -f2 | tr '\\n' ' ')
            [ "$(cut -d' ' -f5 /proc/$$/stat)" = $$ ] && group=own
            [ -e /proc/$$/fd/\(CarelessHost.descriptor) ] && open=leaked
            echo "{\\"recording_id\\": \\"$signals$group $open\\"}"
            """
        )
        let parts = try #require(outcome.recordingID).split(separator: " ")
        #expect(parts[0] == "0000000000000000")
        // 32 and 33 are the C library's own, and out of reach.
        #expect(try #require(UInt64(parts[1], radix: 16)) & ~0x1_8000_0000 == 0)
        #expect(parts[2...] == ["own"])
        withExtendedLifetime(host) {}
    }

    // EXP-8
    @Test func `A program that cannot be run is a sentence that names the fix`() async throws {
        func failure(_ path: String) async throws -> String? {
            let outcome = try #require(await ExporterChain([CommandExporter(programPath: path)]).run(recording).first)
            #expect(outcome.outcome == .failed)
            #expect(outcome.spanError?.contains("/") == false)
            return outcome.error
        }
        let missing = "\(workspace.path)/missing"
        #expect(try await failure(missing) == "\(missing) cannot be run: it is not there: check the path")
        let plain = "\(workspace.path)/talk.wav"
        #expect(
            try await failure(plain) == "\(plain) cannot be run: it is not an executable file: "
                + "use chmod +x, and check that this user may run it"
        )
        let unfit = try workspace.program("no program\n", named: "unfit")
        #expect(
            try await failure(unfit) == "\(unfit) cannot be run: the system does not know how to run it: "
                + "begin a script with #!, or build it for this machine"
        )
        let orphan = try workspace.program("#!/no/such/interpreter\n", named: "orphan")
        #expect(
            try await failure(orphan) == "\(orphan) cannot be run: the interpreter in its #! line is not there: "
                + "install it, or correct the line"
        )
    }

    private static func openPipeCount() throws -> Int {
        try Workspace.names(in: "/proc/self/fd").count { name in
            let target = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/fd/\(name)")
            return target?.hasPrefix("pipe:") == true
        }
    }

    // EXP-2: descriptors and threads.
    @Test func `A hundred runs leave no descriptor open`() async throws {
        let program = try workspace.program("#!/bin/sh\nexit 0\n")
        let chain = ExporterChain([CommandExporter(programPath: program)])
        _ = await chain.run(recording)
        let before = try Self.openPipeCount()
        for _ in 0..<100 { _ = await chain.run(recording) }
        // Other suites run meanwhile, and have pipes for a while; what this one left open would stay.
        for _ in 0..<600 where try Self.openPipeCount() >= before + 50 { try await Task.sleep(for: .milliseconds(100)) }
        #expect(try Self.openPipeCount() < before + 50)
        #expect(try Self.children().isEmpty)
    }
}
