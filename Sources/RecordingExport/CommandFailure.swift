import Glibc
import HTTP

/// The sentences about a program that did not deliver.
struct CommandFailure {
    let path: String
    /// The last that it wrote to its standard error.
    let errors: [UInt8]

    init(_ path: String, errors: [UInt8] = []) {
        self.path = path
        self.errors = errors
    }

    func notStarted(_ failure: SystemCallFailure) -> RecordingExportError {
        let (cause, fix): (String, String)
        switch failure.code {
        case ENOENT where isThere:
            (cause, fix) = ("the interpreter in its #! line is not there", "install it, or correct the line")
        case ENOENT, ENOTDIR: (cause, fix) = ("it is not there", "check the path")
        case EACCES, EPERM:
            (cause, fix) = ("it is not an executable file", "use chmod +x, and check that this user may run it")
        case ENOEXEC:
            (cause, fix) = (
                "the system does not know how to run it", "begin a script with #!, or build it for this machine"
            )
        case ETXTBSY: (cause, fix) = ("it is being written", "try again when that is done")
        default:
            (cause, fix) = ("\(failure.call): \(failure.text)", "free memory, processes or descriptors, and try again")
        }
        return RecordingExportError(
            [ENOENT, ENOTDIR, EACCES, EPERM, ENOEXEC].contains(failure.code) ? .configuration : .failed,
            "\(path) cannot be run: \(cause): \(fix)",
            onSpan: "the command could not be run (\(failure.call): errno \(failure.code))",
            isRetryable: [ETXTBSY, EAGAIN, ENOMEM, EMFILE, ENFILE].contains(failure.code),
            concernsTarget: true,
            systemCall: failure.call,
            code: failure.code
        )
    }

    func exited(_ status: Int32) -> RecordingExportError {
        failed(
            "exited with status \(status)",
            lastLines ?? "it wrote nothing to standard error: run it by hand to see why"
        )
    }

    func killed(_ signal: Int32) -> RecordingExportError {
        failed("was killed by signal \(signal)\(Self.name(of: signal))", lastLines ?? "look for it in the system's log")
    }

    var lostStatus: RecordingExportError {
        failed("ended, but its exit status was lost", "do not ignore SIGCHLD in this process")
    }

    var tooLongOutput: RecordingExportError {
        failed(
            "printed more than \(CommandRun.greatestOutputByteCount / 1024) KiB, and was ended",
            "print just one JSON object, and all else to standard error"
        )
    }

    func notUnderstood(_ output: [UInt8], _ error: DecodingError) -> RecordingExportError {
        let start = Self.printable(output.prefix(80))
        let what =
            switch error {
            case .typeMismatch(_, let context), .valueNotFound(_, let context), .keyNotFound(_, let context),
                .dataCorrupted(let context):
                context.codingPath.map(\.stringValue).joined(separator: ".").printable()
            @unknown default: ""
            }
        return failed(
            what.isEmpty ? "printed something that is not a JSON object" : "printed a wrong type for \(what)",
            "its output begins \"\(start)\": print "
                + "{\"recording_url\", \"recording_id\", \"recording_path\", \"trace_attributes\"}, each optional",
            onSpan: "printed something that is not the JSON object asked for"
        )
    }

    private func failed(_ what: String, _ why: String, onSpan: String? = nil) -> RecordingExportError {
        RecordingExportError(
            .failed,
            "\(path) \(what): \(why)",
            onSpan: "the command \(onSpan ?? what)",
            isRetryable: true
        )
    }

    private var isThere: Bool {
        do { return try FileFacts.of(path) != nil } catch { return false }
    }

    /// The last three lines that are not blank, on one line.
    private var lastLines: String? {
        let lines = errors.split(whereSeparator: { $0 == UInt8(ascii: "\n") || $0 == UInt8(ascii: "\r") })
            .map { Self.printable($0) }.filter { !$0.allSatisfy(\.isWhitespace) }
        return lines.isEmpty ? nil : lines.suffix(3).joined(separator: " | ")
    }

    /// Safe to show on a terminal.
    private static func printable(_ bytes: ArraySlice<UInt8>) -> String {
        let text = String(decoding: bytes, as: UTF8.self).unicodeScalars.map { scalar -> Unicode.Scalar in
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator, .privateUse, .surrogate, .unassigned: " "
            default: scalar
            }
        }
        return String(String.UnicodeScalarView(text))
    }

    private static func name(of signal: Int32) -> String {
        let names = [
            SIGABRT: "SIGABRT", SIGBUS: "SIGBUS", SIGFPE: "SIGFPE", SIGHUP: "SIGHUP", SIGILL: "SIGILL",
            SIGINT: "SIGINT",
            SIGKILL: "SIGKILL", SIGPIPE: "SIGPIPE", SIGSEGV: "SIGSEGV", SIGSYS: "SIGSYS", SIGTERM: "SIGTERM",
        ]
        return names[signal].map { " (\($0))" } ?? ""
    }
}
