import InMemoryTracing
import RecorderIO
import RecordingExport
import Session
import Synchronization
import TestSupport
import Testing
import Tracing

/// SES-4, SES-5: whoever waits for a session's end may be cancelled at any moment, and changes nothing.
@Suite(.timeLimit(.minutes(10))) struct CancellationTests {
    /// Runs a task's jobs one after the other, and cancels the task before the job of a given number: at each `await`.
    private final class CancellingExecutor: TaskExecutor {
        private struct State {
            var jobCount = 0
            var task: Task<Void, any Error>?
        }

        private let state = Mutex(State())
        private let number: Int

        init(cancellingBeforeJob number: Int) { self.number = number }

        var jobCount: Int { state.withLock { $0.jobCount } }

        /// Runs `body`, which goes on where this returns.
        func run(_ body: @escaping @Sendable () async throws -> Void) async throws {
            let gate = Gate()
            let task = Task(executorPreference: self) {
                await gate.wait()
                try await body()
            }
            state.withLock { $0.task = task }
            gate.open()
            try await task.value
        }

        func enqueue(_ job: consuming ExecutorJob) {
            let job = UnownedJob(job)
            let due = state.withLock { state in
                state.jobCount += 1
                return state.jobCount == number ? state.task : nil
            }
            due?.cancel()
            globalConcurrentExecutor.enqueue(job)
        }
    }

    /// A whole job, with a probe in each step that tells of it.
    private func job(_ stage: Stage, _ order: Journal<String>) async throws {
        var options = stage.options()
        options.uploader = ScriptedUploader { _ in
            order.append("upload")
            await Task.yield()
        }
        try await JobContext.run(id: "job") { [options] _ in
            let session = stage.session(options)
            try await session.start(recordingExporters: [
                ScriptedExporter(name: "a") { recording in
                    order.append("export")
                    await Task.yield()
                    #expect(!Task.isCancelled)
                    return RecordingExportResult(recordingID: recording.recordingID)
                }
            ])
            await session.onEnd("c") { report in
                #expect(report.exports.map(\.outcome) == [.attached])
                order.append("callback")
            }
            await session.recordingEnded()
            async let first = session.close()
            async let second = session.close()
            #expect(await first == second)
            await session.withSpan { await Task.yield() }
        }
        order.append("over")
    }

    @Test func `Cancelled at each await, a job has one finalize, one export and one span end, in order`() async throws {
        var jobCount = 0
        var number = 0
        repeat {
            number += 1
            let stage = try Stage()
            let order = Journal<String>()
            let executor = CancellingExecutor(cancellingBeforeJob: number)
            try await executor.run { try await job(stage, order) }
            jobCount = executor.jobCount
            #expect(order.values == ["upload", "export", "callback", "over"], "cancelled before job \(number)")
            #expect(stage.names == ["take.wav", "take.wav.json"])
            #expect(stage.tracer.activeSpans.isEmpty)
            #expect(stage.tracer.finishedSpans.map(\.operationName) == ["agent_session"])
            #expect(stage.tracer.finishedSpans.first?.attributes.get("tapeline.recording.frames") == .int64(4000))
        } while number <= jobCount
        // Every await of the job was one of them.
        #expect(number > 10)
    }
}
