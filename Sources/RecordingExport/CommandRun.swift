import Glibc

/// One run of a program: what it is told on its standard input, what it answers, and how it ends.
struct CommandRun: ~Copyable {
    struct Answer: Hashable, Sendable {
        var ending: ChildProcess.Ending?
        var output: [UInt8]
        var isOutputTooLong: Bool
        var wasCancelled: Bool
        /// The last 4 KiB of its standard error.
        var errors: [UInt8]
    }

    static let greatestOutputByteCount = 64 << 10
    static let greatestErrorByteCount = 4 << 10
    /// From SIGTERM to SIGKILL.
    static let grace = Duration.seconds(2)

    private let wakePipe: WakePipe
    private let child: ChildProcess
    private var input: Descriptor?
    private var inputLeft: ArraySlice<UInt8>
    private var outputEnd: Descriptor?
    private var errorEnd: Descriptor?
    private var answer = Answer(output: [], isOutputTooLong: false, wasCancelled: false, errors: [])
    private var hasEnded = false
    private var piece = [UInt8](repeating: 0, count: 16 << 10)

    /// Starts the program. A `cancelled` through `wakePipe`, at any time, ends it.
    init(_ path: String, environment: [String: String], input text: [UInt8], wakePipe: WakePipe)
        throws(SystemCallFailure)
    {
        let inputPipe = try Descriptor.pipe()
        let outputPipe = try Descriptor.pipe()
        let errorPipe = try Descriptor.pipe()
        try inputPipe.writeEnd.makeNonBlocking()
        try outputPipe.readEnd.makeNonBlocking()
        try errorPipe.readEnd.makeNonBlocking()
        let child = try ChildProcess(
            path,
            environment: environment,
            input: inputPipe.readEnd,
            output: outputPipe.writeEnd,
            errors: errorPipe.writeEnd
        )
        let id = child.id
        do {
            try ExporterThread.start {
                ChildProcess.waitForEnd(of: id)
                wakePipe.send(.childEnded)
            }
        } catch {
            throw SystemCallFailure(call: "pthread_create", code: error.code ?? EAGAIN)
        }
        self.wakePipe = wakePipe
        self.child = child
        input = .some(inputPipe.writeEnd)
        inputLeft = text[...]
        outputEnd = .some(outputPipe.readEnd)
        errorEnd = .some(errorPipe.readEnd)
    }

    /// Blocks until the program is over and reaped. What it started and left running in the background is not waited for,
    /// even if it holds the standard output; but after a cancellation, or too long an answer, it is ended with the program:
    /// SIGTERM to the whole group, and SIGKILL 2 s later to what is left of it.
    consuming func finish() throws(SystemCallFailure) -> Answer {
        try converse()
        if answer.wasCancelled || answer.isOutputTooLong { try terminate() }
        answer.ending = child.reap()
        return answer
    }

    /// Until the program is over, or to be ended.
    private mutating func converse() throws(SystemCallFailure) {
        while !hasEnded, !answer.wasCancelled, !answer.isOutputTooLong {
            try wait(until: nil)
            try send()
            try receive()
        }
    }

    private mutating func terminate() throws(SystemCallFailure) {
        let deadline = ContinuousClock.now + Self.grace
        input = nil
        child.signalGroup(SIGTERM)
        // All that inherited its outputs is over when these end.
        while !(hasEnded && outputEnd == nil && errorEnd == nil), ContinuousClock.now < deadline {
            try wait(until: deadline)
            try receive()
        }
        child.signalGroup(SIGKILL)
    }

    private mutating func wait(until deadline: ContinuousClock.Instant?) throws(SystemCallFailure) {
        let reading = [Self.number(outputEnd), Self.number(errorEnd)]
        try wakePipe.wait(reading: reading, writing: Self.number(input), until: deadline)
        // Before anything is read: what the program wrote before it ended is then read in the same round.
        for signal in try wakePipe.received() {
            switch signal {
            case .childEnded: hasEnded = true
            case .cancelled: answer.wasCancelled = true
            }
        }
    }

    private mutating func send() throws(SystemCallFailure) {
        do {
            while !inputLeft.isEmpty, let count = try input?.write(inputLeft) { inputLeft = inputLeft.dropFirst(count) }
        } catch let error where error.code == EPIPE {
            inputLeft = []  // It does not want to know.
        }
        if inputLeft.isEmpty { input = nil }
    }

    private mutating func receive() throws(SystemCallFailure) {
        // More than a pipe holds, so all that a program wrote before it ended; bounded, so that one that writes without end
        // does not keep us here.
        for _ in 0..<8 {
            guard let count = try outputEnd?.read(into: &piece) else { break }
            if count == 0 { outputEnd = nil }
            answer.output += piece[..<count]
            let tooManyCount = answer.output.count - Self.greatestOutputByteCount
            if tooManyCount > 0 {
                answer.isOutputTooLong = true
                answer.output.removeLast(tooManyCount)
            }
        }
        for _ in 0..<8 {
            guard let count = try errorEnd?.read(into: &piece) else { break }
            if count == 0 { errorEnd = nil }
            answer.errors += piece[..<count]
            answer.errors.removeFirst(max(0, answer.errors.count - Self.greatestErrorByteCount))
        }
    }

    private static func number(_ descriptor: borrowing Descriptor?) -> Int32 {
        switch descriptor {
        case .some(let descriptor): descriptor.number
        case nil: -1
        }
    }
}
