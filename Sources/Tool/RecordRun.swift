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
    /// The wait for a device that is not there.
    private var waiting: Task<Bool, Never>?
    private var hasStarted = false
    /// A signal came before recording did.
    private var isFinishAsked = false

    private static let refusalLimit = 5

    /// - Parameter upkeep: what goes on beside the recording, which it must not delay.
    init(session: AgentSession, upkeep: Upkeep?, isQuiet: Bool, isJSON: Bool) {
        self.session = session
        self.upkeep = upkeep
        self.isQuiet = isQuiet
        self.isJSON = isJSON
    }

    /// - Parameter isPatient: whether a device that is not there is waited for.
    func run(exporters: [any RecordingExporter], isPatient: Bool) async throws -> ExitCode {
        let signals = try SignalWatch.events()
        let steering = Task { await steer(signals) }
        defer { steering.cancel() }
        if let refusal = await start(exporters, isPatient: isPatient) {
            StandardError.line("tapeline: \(refusal)")
            isRecordingOver = true
            // What earlier recordings need must not depend on a device that may be broken.
            if !isFinishAsked { await upkeep?.runOnce() }
            await upkeep?.finish()
            return ExitStatus.code(for: refusal)
        }
        hasStarted = true
        upkeep?.start()
        await announce()
        let meter = Task { await showMeter() }
        if isFinishAsked { await session.stopRecording() }
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

    /// - Returns: why nothing is recorded; nil if it is.
    private func start(
        _ exporters: [any RecordingExporter],
        isPatient: Bool
    ) async -> SessionError? {
        while true {
            do throws(SessionError) {
                try await session.start(recordingExporters: exporters)
                return nil
            } catch {
                guard isPatient, case .recorder(.capture(.noSuchDevice(let device, let reason))) = error else {
                    return error
                }
                upkeep?.start()
                if !isQuiet { StandardError.line("tapeline: \(device) is not there (\(reason)): waiting for it") }
                waiting = Task { await wait(for: device) }
                if await waiting?.value == false { return error }
            }
        }
    }

    /// Looks every second whether the device is there, and claims nothing (SES-3).
    ///
    /// - Returns: false if a signal came first.
    private func wait(for device: String) async -> Bool {
        var refusalCount = 0
        while !isFinishAsked {
            do { try await Task.sleep(for: .seconds(1)) } catch { continue }
            do throws(CaptureError) {
                try ALSADirectory.check(device)
                return true
            } catch {
                // One that has just come may be busy or forbidden for a moment, while the system sets it up.
                if case .noSuchDevice = error { refusalCount = 0 } else { refusalCount += 1 }
                if refusalCount > Self.refusalLimit { return true }
            }
        }
        return false
    }

    /// The first signal ends the recording, the next one skips what has not been exported, never the finalizing (CLI-1).
    private func steer(_ signals: AsyncStream<SignalWatch.Event>) async {
        for await signal in signals {
            switch signal {
            case .finish where isRecordingOver:
                await session.skipExport()
                upkeep?.skip()
            case .finish where !hasStarted:
                isFinishAsked = true
                waiting?.cancel()
            case .nextFile where !hasStarted: continue
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
