public import Audio
public import RecorderIO

/// What an application has recorded of its own audio.
extension AgentSession {
    /// Has the input that `source` gives recorded as it passes, as `RecorderIO.recordInput` does; until the session ends.
    ///
    /// - Throws: where no recording is made, or its input is a device.
    public func recordInput<Source: AsyncSequence & Sendable>(
        _ source: Source,
        clock: FrameClock = .measured
    ) throws(SessionError) -> RecordedInput<Source> where Source.Element == TimedFrames {
        do throws(RecorderError) {
            guard let recorder else { throw .notRecording }
            return try recorder.recordInput(source, clock: clock)
        } catch {
            throw .recorder(error)
        }
    }

    /// Has what `sink` plays recorded, as `RecorderIO.recordOutput` does; until the session ends.
    ///
    /// - Throws: where no recording is made, or its output is a device.
    public func recordOutput(_ sink: some AudioSink) throws(SessionError) -> RecordedOutput {
        do throws(RecorderError) {
            guard let recorder else { throw .notRecording }
            return try recorder.recordOutput(sink)
        } catch {
            throw .recorder(error)
        }
    }
}
