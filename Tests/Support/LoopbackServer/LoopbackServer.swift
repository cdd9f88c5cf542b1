// Fence: sockets.
import Foundation
import Glibc
import RecorderIO
import Synchronization

/// A real HTTP/1.1 server on loopback that does to each request what a test says.
public final class LoopbackServer: Sendable {
    /// A request as it came in. Its body is digested, not kept.
    public struct Received: Sendable {
        public var method = ""
        public var target = ""
        /// By lower-case name.
        public var headers: [String: String] = [:]
        public var byteCount: Int64 = 0
        public var sha256 = ""
        public var time = ContinuousClock.now
    }

    public struct Reply: Sendable {
        public enum Behaviour: Sendable {
            /// Reads the body, then answers.
            case answer
            /// Answers without reading the body, and closes.
            case answerEarly
            /// Reads so many bytes of the body, then closes.
            case close(afterByteCount: Int64)
            /// Reads so many bytes of the body, then neither reads nor answers any more.
            case stall(afterByteCount: Int64)
            /// Reads the body, and says nothing.
            case hang
            /// Announces more of the answer's body than it sends, then neither sends nor closes.
            case stallInAnswer
        }

        public var status: Int
        public var headers: [String: String]
        public var body: String
        public var behaviour: Behaviour

        public init(
            _ status: Int = 201,
            _ headers: [String: String] = [:],
            body: String = "",
            _ behaviour: Behaviour = .answer
        ) {
            self.status = status
            self.headers = headers
            self.body = body
            self.behaviour = behaviour
        }

        public init(_ status: Int, _ behaviour: Behaviour) {
            self.init(status, [:], behaviour)
        }
    }

    private struct State {
        var received: [Received] = []
        var count = 0
        var atFirstArrival: (@Sendable () -> Void)?
        var connections: Set<Int32> = []
        var isClosed = false
    }

    public let port: UInt16
    /// Each request's head, as soon as it is there.
    public let arrivals: AsyncStream<Received>
    private let arrived: AsyncStream<Received>.Continuation
    private let listener: Int32
    private let state = Mutex(State())
    private let reply: @Sendable (Int, Received) -> Reply

    /// `reply` is asked with the number of the request, from 0 on, and its head.
    public init(_ reply: @escaping @Sendable (Int, Received) -> Reply) throws {
        self.reply = reply
        (arrivals, arrived) = AsyncStream.makeStream(of: Received.self)
        let (listener, port) = try Loopback.listen()
        self.listener = listener
        self.port = port
        Thread.detachNewThread { [weak self] in
            while true {
                let connection = accept(listener, nil, nil)
                guard connection >= 0 else { break }
                guard let self else {
                    _ = Glibc.close(connection)
                    break
                }
                self.state.withLock { _ = $0.connections.insert(connection) }
                Thread.detachNewThread { self.serve(connection) }
            }
            _ = Glibc.close(listener)
        }
    }

    /// Made up by the answers in turn; the last one counts for all that come after.
    public convenience init(_ replies: Reply...) throws {
        try self.init { number, _ in replies[min(number, replies.count - 1)] }
    }

    deinit { close() }

    /// Ends all connections, and takes no further ones.
    public func close() {
        state.withLock { state in
            // Once only: after it the listener's number may be another socket's.
            if !state.isClosed { shutdown(listener, Int32(SHUT_RDWR)) }
            state.isClosed = true
            for connection in state.connections { shutdown(connection, Int32(SHUT_RDWR)) }
        }
    }

    public var url: String { "http://127.0.0.1:\(port)" }
    /// The requests that were read to the end of what the answer's behaviour asks for.
    public var received: [Received] { state.withLock { $0.received } }

    /// Does it on the server's thread when the first request's head is there, at once if it has been: a task that waited
    /// for it might go on, on a busy machine, when the client has given the server up.
    public func atFirstArrival(_ action: @escaping @Sendable () -> Void) {
        let isLate = state.withLock { state in
            if state.count == 0 { state.atFirstArrival = action }
            return state.count > 0
        }
        if isLate { action() }
    }

    private func serve(_ connection: Int32) {
        defer {
            state.withLock { _ = $0.connections.remove(connection) }
            _ = Glibc.close(connection)
        }
        guard var (request, rest) = Loopback.head(connection) else { return }
        let (number, action) = state.withLock { state in
            defer { state.count += 1 }
            return (state.count, state.atFirstArrival.take())
        }
        action?()
        let reply = reply(number, request)
        arrived.yield(request)
        let length = Int64(request.headers["content-length"] ?? "") ?? 0
        var limit = length
        var isStalling = false
        switch reply.behaviour {
        case .answer, .stallInAnswer, .hang: break
        case .answerEarly: limit = 0
        case .close(let count): limit = count
        case .stall(let count):
            limit = count
            isStalling = true
        }
        if limit > 0, request.headers["expect"] != nil { Loopback.send("HTTP/1.1 100 Continue\r\n\r\n", connection) }
        guard var hasher = try? SHA256() else { return }
        var piece = [UInt8](repeating: 0, count: 1 << 16)
        while request.byteCount < limit {
            if rest.isEmpty {
                let count = unsafe recv(connection, &piece, piece.count, 0)
                guard count > 0 else { break }
                rest = piece[..<count]
            }
            guard (try? hasher.update(rest)) != nil else { return }
            request.byteCount += Int64(rest.count)
            rest = []
        }
        request.sha256 = (try? hasher.finalize()) ?? ""
        state.withLock { [request] in $0.received.append(request) }
        switch reply.behaviour {
        case .close: return
        case .stall, .hang: return hold(connection, reading: !isStalling)
        case .answer, .answerEarly, .stallInAnswer: break
        }
        var text = "HTTP/1.1 \(reply.status) Reason\r\n"
        for (name, value) in reply.headers { text += "\(name): \(value)\r\n" }
        if case .stallInAnswer = reply.behaviour {
            Loopback.send("\(text)Content-Length: 100000\r\n\r\n\(reply.body)", connection)
            return hold(connection, reading: true)
        }
        let isTold = reply.status == 204 || reply.headers["Content-Length"] != nil
        if !isTold { text += "Content-Length: \(reply.body.utf8.count)\r\n" }
        Loopback.send("\(text)Connection: close\r\n\r\n\(reply.body)", connection)
        // So that the answer is read before the connection is reset for the bytes that nobody read.
        shutdown(connection, Int32(SHUT_WR))
        while unsafe recv(connection, &piece, piece.count, 0) > 0 {}
    }

    /// Until the client is gone, or the server closed.
    private func hold(_ connection: Int32, reading: Bool) {
        var piece = [UInt8](repeating: 0, count: 4096)
        if reading {
            while unsafe recv(connection, &piece, piece.count, 0) > 0 {}
        } else {
            var entry = pollfd(fd: connection, events: Int16(0x2000), revents: 0)  // POLLRDHUP
            _ = unsafe poll(&entry, 1, -1)
        }
    }
}
