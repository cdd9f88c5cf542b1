// Fence: this thread's signal mask.
import Glibc

/// Runs a piece of work with SIGPIPE held off this thread: writing to what is not read is then just EPIPE.
package enum SIGPIPEShield {
    package static func run<Value, Failure>(_ work: () throws(Failure) -> Value) throws(Failure) -> Value {
        var pipeSignal = sigset_t()
        var oldMask = sigset_t()
        // With a known signal number and known operations, none of these calls can fail.
        unsafe sigemptyset(&pipeSignal)
        unsafe sigaddset(&pipeSignal, SIGPIPE)
        unsafe pthread_sigmask(SIG_BLOCK, &pipeSignal, &oldMask)
        defer {
            if unsafe sigismember(&oldMask, SIGPIPE) == 0 {
                // Takes away the one that came; EAGAIN where none did.
                var now = timespec()
                _ = unsafe sigtimedwait(&pipeSignal, nil, &now)
                unsafe pthread_sigmask(SIG_SETMASK, &oldMask, nil)
            }
        }
        return try work()
    }
}
