internal import Synchronization

/// A recording that has ended, or will end without being asked: its outcome comes when it is finalized.
public struct PendingRecording: Sendable {
    let completion: Completion<RecordingOutcome>

    /// The outcome. If the disk does not take the rest within `timeLimit`, that is the outcome, for everyone who asks;
    /// the file then keeps its `.part` name, unless finalizing, which goes on, still gets there.
    public func outcome(timeLimit: Duration) async -> RecordingOutcome {
        if let outcome = await completion.value(timeLimit: timeLimit) { return outcome }
        var late = RecordingOutcome(
            recording: nil,
            error: .unfinished(seconds: Int(timeLimit.components.seconds))
        )
        late.isLeftBehind = true
        completion.complete(late)
        return await completion.value() ?? late
    }
}

/// The wish to go on in another file, from whoever has it to the recorder thread.
struct NextFile: Sendable {
    /// nil for the one that `RecorderSegments` names.
    let file: SegmentFile?
    /// Whether it is for a recording whose file has ended already.
    let goesOn: Bool
    /// nil once frames go into the new file; else why they go on into the old one.
    let started = Completion<RecorderError?>()
    /// Of the file that ended.
    let ended = Completion<RecordingOutcome>()
}

/// Holds one wish at a time, until the recorder ends.
final class NextFileSlot: Sendable {
    private struct State {
        var wish: NextFile?
        /// What the recorder has taken last.
        var taken: NextFile?
        var isClosed = false
    }

    private let state = Mutex(State())

    /// False if another wish waits, or the recording is over.
    func put(_ wish: NextFile) -> Bool {
        state.withLock { state in
            guard !state.isClosed, state.wish == nil else { return false }
            state.wish = wish
            return true
        }
    }

    func take() -> NextFile? {
        state.withLock { state in
            state.taken = state.wish.take()
            return state.taken
        }
    }

    /// Refuses the wish that waits, the one that the recorder has not come to an end with, and those to come.
    func close() {
        let wishes = state.withLock { state in
            state.isClosed = true
            return [state.wish.take(), state.taken.take()]
        }
        for wish in wishes { wish?.started.complete(.notRecording) }
    }
}
