import Glibc
import Logging

/// Where everything goes that is not a result (CLI-3).
enum StandardError {
    static func line(_ text: String) { write(text + "\n") }

    static func write(_ text: String) {
        let bytes = Array(text.utf8)
        // There is nowhere left to tell of a failure here.
        _ = unsafe Glibc.write(STDERR_FILENO, bytes, bytes.count)
    }

    static var isTerminal: Bool { isatty(STDERR_FILENO) == 1 }
}

/// The log as plain lines: `tapeline: warning: gap at …`.
struct StandardErrorLog: LogHandler {
    var metadata: Logger.Metadata = [:]
    var logLevel: Logger.Level

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        var line = "tapeline: "
        if event.level >= .warning { line += "\(event.level): " }
        line += "\(event.message)"
        let values = metadata.merging(event.metadata ?? [:]) { $1 }
        if let error = values["error"] { line += ": \(error)" }
        // The meter's line is overwritten, and drawn again below.
        StandardError.line((StandardError.isTerminal ? "\r\u{1B}[K" : "") + line)
    }
}
