import CLinux
import Capture
import Glibc

/// The signals that steer a recording, as an asynchronous sequence. A fence: the program's only signal handling.
enum SignalWatch {
    enum Event: Sendable {
        /// SIGINT, SIGTERM or SIGHUP: finish.
        case finish
        /// SIGUSR1: go on in the next file.
        case nextFile
    }

    /// The signals from now on. Call it once, before there is anything to lose.
    ///
    /// A SIGHUP that came ignored stays ignored: under nohup a closed terminal ends nothing (CLI-1).
    static func events() throws(CaptureError) -> AsyncStream<Event> {
        var ends: [Int32] = [-1, -1]
        guard unsafe linux_pipe(&ends) == 0 else { throw .system(call: "pipe", code: errno) }
        let (readEnd, writeEnd) = (ends[0], ends[1])
        for signal in [SIGINT, SIGTERM, SIGHUP, SIGUSR1] {
            if signal == SIGHUP, linux_is_signal_ignored(signal) == 1 { continue }
            guard linux_catch_signal(signal, writeEnd) == 0 else { throw .system(call: "sigaction", code: errno) }
        }
        let (stream, continuation) = AsyncStream<Event>.makeStream()
        _ = try RealtimeThread(name: "tapeline-signal", owning: continuation) { continuation in
            var number: UInt8 = 0
            while true {
                let count = unsafe read(readEnd, &number, 1)
                if count == 1 { continuation.yield(Int32(number) == SIGUSR1 ? .nextFile : .finish) }
            }
        }
        return stream
    }
}
