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

    /// Keeps the signals from every thread, so that only `events` sees them. Call it before the first thread is made.
    ///
    /// A signal that came ignored stays ignored: under nohup a closed terminal ends nothing (CLI-1).
    static func block() {
        var set = signals
        unsafe pthread_sigmask(SIG_BLOCK, &set, nil)
    }

    private static var signals: sigset_t {
        var set = sigset_t()
        unsafe sigemptyset(&set)
        for signal in [SIGINT, SIGTERM, SIGHUP, SIGUSR1] {
            var action = sigaction()
            unsafe sigaction(signal, nil, &action)
            let isIgnored = unsafe unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self) == 1
            if !isIgnored { unsafe sigaddset(&set, signal) }
        }
        return set
    }

    /// The signals from now on, those that came before included.
    static func events() throws(CaptureError) -> AsyncStream<Event> {
        let (stream, continuation) = AsyncStream<Event>.makeStream()
        _ = try RealtimeThread(name: "tapeline-signal", owning: continuation) { continuation in
            var set = signals
            while true {
                var signal: Int32 = 0
                guard unsafe sigwait(&set, &signal) == 0 else { continue }
                continuation.yield(signal == SIGUSR1 ? .nextFile : .finish)
            }
        }
        return stream
    }
}
