import ArgumentParser
import Audio
import Capture
import RecorderIO
import RecordingExport
import Session

/// One run of `tapeline record`, from the session's start to the exit code.
actor RecordRun {
    private let session: AgentSession
    private let isQuiet: Bool
    private let isJSON: Bool
    private let upkeep: Upkeep?
    private var isRecordingOver = false

    /// - Parameter upkeep: what goes on beside the recording, which it must not delay.
    init(session: AgentSession, upkeep: Upkeep?, isQuiet: Bool, isJSON: Bool) {
        self.session = session
        self.upkeep = upkeep
        self.isQuiet = isQuiet
        self.isJSON = isJSON
    }

    func run(exporters: [any RecordingExporter]) async throws -> ExitCode {
        let signals = try SignalWatch.events()
        do throws(SessionError) {
            try await session.start(recordingExporters: exporters)
        } catch {
            StandardError.line("tapeline: \(error)")
            return ExitStatus.code(for: error)
        }
        upkeep?.start()
        await announce()
        let meter = Task { await showMeter() }
        let steering = Task { await steer(signals) }
        defer { steering.cancel() }
        await session.recordingEnded()
        isRecordingOver = true
        meter.cancel()
        await meter.value
        guard let report = await session.close() else { return ExitStatus.inputOutput }
        let reports = await session.earlierReports() + [report]
        print(isJSON ? try report.json() : reports.map(\.summary).joined(), terminator: "")
        await upkeep?.finish()
        return ExitStatus.code(for: reports, failed: await session.failure != nil)
    }

    /// The first signal ends the recording, the next one skips what has not been exported, never the finalizing (CLI-1).
    private func steer(_ signals: AsyncStream<SignalWatch.Event>) async {
        for await signal in signals {
            switch signal {
            case .finish where isRecordingOver:
                await session.skipExport()
                upkeep?.skip()
            case .finish: await session.stopRecording()
            case .nextFile:
                do throws(SessionError) {
                    try await session.startNextFile()
                    await announce()
                } catch {
                    StandardError.line("tapeline: error: no next file: \(error)")
                }
            }
        }
    }

    private func announce() async {
        guard !isQuiet, let path = await session.recordingPath, let format = await session.format else { return }
        StandardError.line(
            "tapeline: recording \(format.sampleRate) Hz, \(format.channelCount) channels, "
                + "\(format.sampleFormat.rawValue) to \(path)"
        )
    }

    private func showMeter() async {
        guard !isQuiet, StandardError.isTerminal, let format = await session.format else { return }
        var meter = LevelMeter()
        while !Task.isCancelled, let progress = await session.progress {
            StandardError.write(meter.line(progress, sampleRate: format.sampleRate))
            do { try await Task.sleep(for: .milliseconds(500)) } catch { break }
        }
        StandardError.write(LevelMeter.clear)
    }
}
