// Fence: posix_spawn, signals and waiting for processes.
import CLinux
import Glibc
import Synchronization

/// A program that was started in a process group of its own, and is waited for: it never stays a zombie.
struct ChildProcess: ~Copyable {
    enum Ending: Hashable, Sendable {
        case exited(Int32)
        case killed(signal: Int32)
    }

    /// The process's id and its group's. Neither can go to another process before `reap` has returned.
    let id: pid_t

    /// Starts the program at an absolute path, directly and without a shell, with default signal handling, no signal
    /// blocked, and no descriptors but the three given ones.
    init(
        _ path: String,
        environment: [String: String],
        input: borrowing Descriptor,
        output: borrowing Descriptor,
        errors: borrowing Descriptor
    ) throws(SystemCallFailure) {
        var actions = unsafe posix_spawn_file_actions_t()
        try Self.check("posix_spawn_file_actions_init", unsafe posix_spawn_file_actions_init(&actions))
        defer { unsafe posix_spawn_file_actions_destroy(&actions) }
        for (source, number) in [(input.number, Int32(0)), (output.number, 1), (errors.number, 2)] {
            let code = unsafe posix_spawn_file_actions_adddup2(&actions, source, number)
            try Self.check("posix_spawn_file_actions_adddup2", code)
        }
        // Without it the child keeps what some library opened without O_CLOEXEC; our own descriptors all have it.
        let closing = unsafe linux_spawn_close_from(&actions, 3)
        try Self.check("posix_spawn_file_actions_addclosefrom_np", closing)

        var attributes = posix_spawnattr_t()
        try Self.check("posix_spawnattr_init", unsafe posix_spawnattr_init(&attributes))
        defer { unsafe posix_spawnattr_destroy(&attributes) }
        var signals = sigset_t()
        // Setting a whole set cannot fail.
        unsafe sigemptyset(&signals)
        try Self.check("posix_spawnattr_setsigmask", unsafe posix_spawnattr_setsigmask(&attributes, &signals))
        unsafe sigfillset(&signals)
        try Self.check("posix_spawnattr_setsigdefault", unsafe posix_spawnattr_setsigdefault(&attributes, &signals))
        try Self.check("posix_spawnattr_setpgroup", unsafe posix_spawnattr_setpgroup(&attributes, 0))
        let flags = Int16(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK)
        try Self.check("posix_spawnattr_setflags", unsafe posix_spawnattr_setflags(&attributes, flags))

        let variables = unsafe environment.map { unsafe strdup("\($0.key)=\($0.value)") }
        let arguments = unsafe [strdup(path)]
        defer { unsafe (variables + arguments).forEach { unsafe free($0) } }
        // Before there is anything to kill: this process may exit as soon as the program runs.
        _ = LiveGroups.killAtExit
        var id: pid_t = 0
        let code = LiveGroups.shared.withLock { groups in
            guard !groups.isExiting else { return ECANCELED }
            let code = unsafe posix_spawn(&id, path, &actions, &attributes, arguments + [nil], variables + [nil])
            if code == 0 { groups.ids.insert(id) }
            return code
        }
        try Self.check("posix_spawn", code)
        self.id = id
    }

    /// Not reaped on the way: then at once.
    deinit { _ = Self.killAndReap(id) }

    /// Sends a signal to the program and to all that it started in its group. One that is over already misses nothing.
    func signalGroup(_ signal: Int32) { Self.signalGroup(id, signal) }

    /// Blocks until the program itself is over, and leaves it to be reaped.
    static func waitForEnd(of id: pid_t) {
        var information = unsafe siginfo_t()
        while unsafe waitid(P_PID, id_t(id), &information, WEXITED | WNOWAIT) != 0 {
            // ECHILD: someone else in this process reaps all children. It is over, and that is all there is to know.
            guard errno == EINTR else { return }
        }
    }

    /// Blocks until the program is over, and says how it ended; nil where this process ignores SIGCHLD, which loses it.
    consuming func reap() -> Ending? {
        let id = id
        discard self
        return Self.reap(id)
    }

    private static func reap(_ id: pid_t) -> Ending? {
        waitForEnd(of: id)
        return LiveGroups.shared.withLock { groups in
            var status: Int32 = 0
            groups.ids.remove(id)
            while unsafe waitpid(id, &status, 0) < 0 {
                guard errno == EINTR else { return nil }
            }
            let signal = status & 0x7f
            return signal == 0 ? .exited(status >> 8 & 0xff) : .killed(signal: signal)
        }
    }

    private static func killAndReap(_ id: pid_t) -> Ending? {
        signalGroup(id, SIGKILL)
        return reap(id)
    }

    private static func signalGroup(_ id: pid_t, _ signal: Int32) {
        let code = kill(-id, signal)
        precondition(code == 0 || errno == ESRCH || errno == EPERM, "kill: errno \(errno)")
    }

    private static func check(_ call: String, _ code: Int32) throws(SystemCallFailure) {
        guard code == 0 else { throw SystemCallFailure(call: call, code: code) }
    }
}

/// The groups that are not reaped yet. When this process exits they are killed, so that a program that ignores SIGTERM
/// does not outlive the exporter that gave up on it.
private struct LiveGroups {
    var ids: Set<pid_t> = []
    /// From then on no program is started any more.
    var isExiting = false

    static let shared = Mutex(LiveGroups())

    static let killAtExit: Bool = {
        let code = atexit {
            LiveGroups.shared.withLock { groups in
                groups.isExiting = true
                // What is left of a failing kill is the group of a process that ended by itself.
                for id in groups.ids { _ = kill(-id, SIGKILL) }
            }
        }
        precondition(code == 0, "atexit has no room")
        return true
    }()
}
