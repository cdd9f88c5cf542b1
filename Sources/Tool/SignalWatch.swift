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

    /// Catches the signals, and keeps them from every thread that is made later. Call it before the first thread is.
    ///
    /// They are caught by a handler, not by sigwait(2): the main thread ends up in libdispatch, which opens it to every
    /// signal. A signal that came ignored stays ignored: under nohup a closed terminal ends nothing (CLI-1).
    static func block() {
        guard SignalPipe.shared.writeEnd >= 0 else { return }
        var set = sigset_t()
        unsafe sigemptyset(&set)
        for signal in [SIGINT, SIGTERM, SIGHUP, SIGUSR1] {
            var action = sigaction()
            unsafe sigaction(signal, nil, &action)
            let isIgnored = unsafe unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self) == 1
            guard !isIgnored else { continue }
            unsafe action.__sigaction_handler.sa_handler = { signal in
                let code = errno
                var byte = UInt8(truncatingIfNeeded: signal)
                // A full pipe holds signals enough.
                _ = unsafe write(SignalPipe.shared.writeEnd, &byte, 1)
                errno = code
            }
            action.sa_flags = SA_RESTART
            unsafe sigaction(signal, &action, nil)
            unsafe sigaddset(&set, signal)
        }
        unsafe pthread_sigmask(SIG_BLOCK, &set, nil)
    }

    /// The signals from now on, those that came before included.
    static func events() throws(CaptureError) -> AsyncStream<Event> {
        let (stream, continuation) = AsyncStream<Event>.makeStream()
        _ = try RealtimeThread(name: "tapeline-signal", owning: continuation) { continuation in
            while true {
                var byte: UInt8 = 0
                guard unsafe read(SignalPipe.shared.readEnd, &byte, 1) == 1 else { continue }
                continuation.yield(Int32(byte) == SIGUSR1 ? .nextFile : .finish)
            }
        }
        return stream
    }
}

/// What the handler writes to, and the signal thread reads from.
private struct SignalPipe: Sendable {
    /// Made by `SignalWatch.block`, so that the handler finds it made.
    static let shared = SignalPipe()

    let readEnd: Int32
    let writeEnd: Int32

    private init() {
        var ends: [Int32] = [-1, -1]
        // Where even that fails, the signals keep their usual meaning.
        guard unsafe pipe(&ends) == 0 else {
            (readEnd, writeEnd) = (-1, -1)
            return
        }
        (readEnd, writeEnd) = (ends[0], ends[1])
        // No other thread runs yet that could start a program in between.
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        _ = fcntl(writeEnd, F_SETFL, O_NONBLOCK)
    }
}
