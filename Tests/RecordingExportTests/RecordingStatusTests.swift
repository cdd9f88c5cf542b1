import RecordingExport
import Testing

@Suite struct RecordingStatusTests {
    private func status(on: Bool = true, failed: Bool = false, _ kinds: ExportOutcome.Kind...) -> RecordingStatus {
        RecordingStatus(
            isRecordingOn: on,
            didRecordingFail: failed,
            outcomes: kinds.map { ExportOutcome(exporter: "x", outcome: $0) }
        )
    }

    // EXP-7
    @Test func `One attached reference outweighs all that failed`() {
        #expect(status(failed: true, .failed, .timeout, .attached) == .attached)
        #expect(status(on: false, .attached) == .attached)
    }

    // EXP-7
    @Test func `Recording that was off is disabled, and one that failed is failed`() {
        #expect(status(on: false) == .disabled)
        #expect(status(on: false, .failed) == .disabled)
        #expect(status(failed: true, .none, .deferred) == .failed)
    }

    // EXP-7
    @Test func `Of failures the worst counts, and of none nothing`() {
        #expect(status(.none, .deferred, .timeout, .tooLarge, .unreadable, .failed) == .failed)
        #expect(status(.none, .deferred, .timeout, .tooLarge, .unreadable) == .unreadable)
        #expect(status(.none, .deferred, .timeout, .tooLarge) == .tooLarge)
        #expect(status(.none, .deferred, .timeout) == .timeout)
        #expect(status(.none, .deferred) == .deferred)
        #expect(status(.none, .cancelled, .unreadable) == .failed)
        #expect(status(.none, .none) == .none)
        #expect(status() == .none)
    }

    // EXP-7
    @Test func `The words are those of the specification`() {
        #expect(
            RecordingStatus.allCases.map(\.rawValue) == [
                "attached", "none", "disabled", "too_large", "unreadable", "timeout", "failed", "deferred",
            ]
        )
    }
}
