// Fence: signal dispositions and raw descriptors of the test process.
import Glibc

/// What an embedding program may have done to its process: SIGPIPE ignored, and a descriptor without `O_CLOEXEC`.
final class CarelessHost: Sendable {
    static let descriptor: Int32 = 200

    private let isComplete: Bool

    init() {
        let opened = unsafe open("/dev/null", O_RDONLY)
        let isMoved = dup2(opened, Self.descriptor) == Self.descriptor && close(opened) == 0
        var action = sigaction()
        unsafe action.__sigaction_handler.sa_handler = SIG_IGN
        isComplete = unsafe sigaction(SIGPIPE, &action, nil) == 0 && isMoved
        precondition(isComplete, "errno \(errno)")
    }

    deinit {
        var action = sigaction()
        unsafe action.__sigaction_handler.sa_handler = SIG_DFL
        let isRestored = unsafe sigaction(SIGPIPE, &action, nil) == 0 && close(Self.descriptor) == 0
        precondition(isRestored, "errno \(errno)")
    }
}
