import Glibc
import RecorderIO

extension RecordingExportError {
    /// A target, a directory's path or a file's name, could not be written.
    init(writing target: String, _ failure: SystemCallFailure) {
        let (cause, fix) = failure.causeInDirectory
        self.init(
            failure.code == EFBIG ? .tooLarge : .failed,
            "cannot deliver to \(target): \(cause) (\(failure.call): \(failure.text)): \(fix)",
            onSpan: "the target directory could not be written: \(cause)",
            isRetryable: [ENOSPC, EDQUOT, EIO, ESTALE, ETIMEDOUT, EMFILE, ENFILE].contains(failure.code),
            concernsTarget: failure.code != EFBIG,
            systemCall: failure.call,
            code: failure.code
        )
    }

    /// The recording's own file could not be read.
    init(reading file: FinishedRecording, _ failure: SystemCallFailure) {
        self.init(
            .unreadable,
            "the recording \(file.path) cannot be read (\(failure.call): \(failure.text)): "
                + "check that it is there, and that this user may read it",
            onSpan: "the recording's file could not be read",
            systemCall: failure.call,
            code: failure.code
        )
    }

    /// The recording's own file is not what was finalized.
    init(changed file: FinishedRecording) {
        self.init(
            .unreadable,
            "the recording \(file.path) is no longer the file of \(file.byteCount) bytes that was finalized: "
                + "restore it, and export it again",
            onSpan: "the recording's file changed after it was finalized"
        )
    }
}
