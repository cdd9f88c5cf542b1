import Foundation
import RecorderIO
import RecordingExport
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(10))) struct ExporterChainTests {
    struct Refused: Error { var path = "/srv/secret" }

    @TaskLocal static var traceContext = "none"

    private func good(_ name: String, _ calls: Journal<String> = Journal()) -> ScriptedExporter {
        ScriptedExporter(name: name) { _ in
            calls.append(name)
            return RecordingExportResult(recordingID: name)
        }
    }

    // EXP-2
    @Test func `Exporters run in declared order, also without audio, and one that throws keeps none from running`()
        async
    {
        let calls = Journal<String>()
        let thrower = ScriptedExporter(name: "thrower") { _ in
            calls.append("thrower")
            throw Refused()
        }
        let quiet = ScriptedExporter(name: "quiet") { _ in
            calls.append("quiet")
            return nil
        }
        let empty = ScriptedExporter(name: "empty") { _ in RecordingExportResult(recordingURL: "", recordingID: "") }
        let outcomes = await ExporterChain([good("a", calls), thrower, quiet, empty, good("b", calls)])
            .run(silentRecording)
        #expect(calls.values == ["a", "thrower", "quiet", "b"])
        #expect(outcomes.map(\.exporter) == ["a", "thrower", "quiet", "empty", "b"])
        #expect(outcomes.map(\.outcome) == [.attached, .failed, .none, .none, .attached])
        #expect(outcomes[0].recordingID == "a")
        #expect(outcomes[3].recordingURL == nil)
        // SPAN-1: an error that is not ours may name a path, so the span gets its type.
        #expect(outcomes[1].error?.contains("/srv/secret") == true)
        #expect(outcomes[1].spanError == "the exporter failed with an error of type Refused")
    }

    // EXP-2
    @Test func `What an exporter says of its failure becomes its outcome`() async {
        let kinds: [(RecordingExportError.Kind, ExportOutcome.Kind)] = [
            (.failed, .failed), (.configuration, .failed), (.tooLarge, .tooLarge), (.unreadable, .unreadable),
            (.timeout, .timeout), (.deferred, .deferred),
        ]
        for (kind, expected) in kinds {
            let exporter = ScriptedExporter(name: "x") { _ in
                throw RecordingExportError(kind, "full sentence /srv/x", onSpan: "short sentence")
            }
            let outcomes = await ExporterChain([exporter]).run(silentRecording)
            #expect(outcomes.map(\.outcome) == [expected])
            #expect(outcomes.map(\.error) == ["full sentence /srv/x"])
            #expect(outcomes.map(\.spanError) == ["short sentence"])
        }
        let cancelled = ScriptedExporter(name: "x") { _ in throw CancellationError() }
        #expect(await ExporterChain([cancelled]).run(silentRecording).map(\.outcome) == [.cancelled])
    }

    // EXP-2: more blocked threads than the cooperative pool has.
    @Test func `Exporters that hang, ignore cancellation or block their thread are left behind at their limit`() async {
        let gate = Gate()
        defer { gate.open() }
        var exporters: [any RecordingExporter] = []
        for number in 0..<8 {
            exporters.append(
                ScriptedExporter(name: "blocked \(number)", timeLimit: .milliseconds(20)) { _ in
                    gate.block()
                    return RecordingExportResult(recordingID: "late")
                }
            )
            exporters.append(
                ScriptedExporter(name: "hanging \(number)", timeLimit: .milliseconds(20)) { _ in
                    await gate.wait()
                    return RecordingExportResult(recordingID: "late")
                }
            )
        }
        let outcomes = await ExporterChain(exporters + [good("good")]).run(silentRecording)
        #expect(outcomes.dropLast().allSatisfy { $0.outcome == .timeout && $0.recordingID == nil })
        #expect(outcomes.dropLast().allSatisfy { $0.error == "did not end within its limit of 0.02 s" })
        #expect(outcomes.dropLast().allSatisfy { $0.seconds >= 0.02 })
        #expect(outcomes.last?.outcome == .attached)
    }

    // EXP-2
    @Test func `A late result is told and changes nothing`() async {
        let gate = Gate()
        let sawCancellation = Journal<Bool>()
        let late = ScriptedExporter(name: "late", timeLimit: .milliseconds(10)) { _ in
            gate.block()
            // The watcher cancels after it settled; this waits for that value.
            while !Task.isCancelled { await Task.yield() }
            sawCancellation.append(Task.isCancelled)
            return RecordingExportResult(recordingID: "late")
        }
        let observed = ObservedChain([late, good("good")])
        let outcomes = await observed.chain.run(silentRecording)
        gate.open()
        await observed.waitForLateEnd(of: "late")
        #expect(sawCancellation.values == [true])
        #expect(outcomes.map(\.outcome) == [.timeout, .attached])
        #expect(RecordingAttributes(merging: outcomes, of: silentRecording).values == ["lk.recording_id": "good"])
    }

    // EXP-2
    @Test func `An exporter that heeds cancellation is cancelled at its limit`() async {
        let heeding = ScriptedExporter(name: "heeding", timeLimit: .milliseconds(10)) { _ in
            for await _ in AsyncStream<Int>(unfolding: {
                try? await Task.sleep(for: .seconds(3600)); return nil
            }) {}
            return nil
        }
        let observed = ObservedChain([heeding])
        #expect(await observed.chain.run(silentRecording).map(\.outcome) == [.timeout])
        await observed.waitForLateEnd(of: "heeding")
    }

    // SES-4
    @Test func `Nothing runs past the deadline of the whole chain`() async {
        let gate = Gate()
        defer { gate.open() }
        let calls = Journal<String>()
        let blocked = ScriptedExporter(name: "blocked") { _ in
            gate.block()
            return nil
        }
        let outcomes = await ExporterChain([blocked, good("good", calls)])
            .run(silentRecording, deadline: .now + .milliseconds(50))
        #expect(outcomes.map(\.outcome) == [.timeout, .timeout])
        #expect(outcomes.last?.error == "not called: the time for the end of the session was used up before its turn")
        #expect(calls.values.isEmpty)
    }

    // EXP-2
    @Test func `When the caller is cancelled the chain returns at once and calls no further exporter`() async {
        let gate = Gate()
        let calls = Journal<String>()
        let blocked = ScriptedExporter(name: "blocked") { _ in
            gate.block()
            return nil
        }
        let observed = ObservedChain([blocked, good("good", calls)])
        let run = Task { await observed.chain.run(silentRecording) }
        await observed.waitForStart(of: "blocked")
        run.cancel()
        let outcomes = await run.value
        #expect(outcomes.map(\.outcome) == [.cancelled, .cancelled])
        #expect(calls.values.isEmpty)
        gate.open()
        await observed.waitForLateEnd(of: "blocked")
    }

    // EXP-2, SES-7
    @MainActor @Test func `Each exporter runs on a thread of its own and sees the caller's task-local values`()
        async throws
    {
        let threads = Journal<String>()
        let contexts = Journal<String>()
        let exporters = (0..<3).map { number in
            ScriptedExporter(name: "\(number)") { _ in
                threads.append(try currentThread())
                for _ in 0..<20 { await Task.yield() }
                threads.append(try currentThread())
                contexts.append(Self.traceContext)
                return nil
            }
        }
        await Self.$traceContext.withValue("span 1") { _ = await ExporterChain(exporters).run(silentRecording) }
        #expect(contexts.values == ["span 1", "span 1", "span 1"])
        #expect(!threads.values.contains(try currentThread()))
        let pairs = stride(from: 0, to: 6, by: 2).map { (threads.values[$0], threads.values[$0 + 1]) }
        #expect(pairs.allSatisfy { $0 == $1 })
    }

    // EXP-2: nothing of a chain stays when it is over.
    @Test func `Two hundred chains leave no thread behind`() async throws {
        let before = try Workspace.names(in: "/proc/self/task").count
        for _ in 0..<200 { _ = await ExporterChain([good("a"), good("b")]).run(silentRecording) }
        var count = Int.max
        // Threads end a moment after their task: wait for that value.
        while count > before + 50 { count = try Workspace.names(in: "/proc/self/task").count }
    }
}

/// The kernel's number, which is not given to another thread soon; `pthread_self()` is.
private func currentThread() throws -> String {
    try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/thread-self")
}
