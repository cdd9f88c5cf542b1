// Fence: sockets.
import Foundation
import Glibc
import Synchronization

/// Stands between a client and a real server on loopback, and breaks connections where a test says.
public final class FaultProxy: Sendable {
    public typealias Request = LoopbackServer.Received

    public enum Fault: Hashable, Sendable {
        case none
        /// The server gets half of the request's head, and both connections are closed.
        case closeInHead
        /// The server gets the head and so many bytes of the body; counted from the body's end where below 0.
        case closeInBody(afterByteCount: Int64)
        /// The server answers, and the client hears nothing of it.
        case closeBeforeAnswer
        case closeInAnswerHead
        /// Before the last byte of the answer's body, or of its head where it has none.
        case closeInAnswerBody
        /// The server gets nothing, and the client this.
        case answer(String)
        /// The server gets nothing, and the client gets nothing but an open connection.
        case hang
    }

    private struct State {
        var requests: [Request] = []
        var count = 0
    }

    public let port: UInt16
    private let listener: Int32
    private let serverPort: UInt16
    private let fault: @Sendable (Int, Request) -> Fault
    private let state = Mutex(State())

    /// `fault` is asked with the number of the request, from 0 on, and its head.
    public init(to serverPort: UInt16, _ fault: @escaping @Sendable (Int, Request) -> Fault) throws {
        self.serverPort = serverPort
        self.fault = fault
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
                Thread.detachNewThread { self.serve(connection) }
            }
            _ = Glibc.close(listener)
        }
    }

    deinit { shutdown(listener, Int32(SHUT_RDWR)) }

    public var url: String { "http://127.0.0.1:\(port)" }

    /// The heads of all requests, in the order in which they came.
    public var requests: [Request] { state.withLock { $0.requests } }

    private func serve(_ client: Int32) {
        defer { _ = Glibc.close(client) }
        guard let (request, rest) = Loopback.head(client) else { return }
        let number = state.withLock { state in
            state.requests.append(request)
            defer { state.count += 1 }
            return state.count
        }
        let fault = fault(number, request)
        switch fault {
        case .answer(let text):
            if request.headers["expect"] != nil { Loopback.send("HTTP/1.1 100 Continue\r\n\r\n", client) }
            _ = body(of: request, rest, from: client, to: nil, limit: .max)
            return Loopback.send(text, client)
        case .hang: return drain(client)
        default: break
        }
        guard let server = Loopback.connect(to: serverPort) else { return }
        defer { _ = Glibc.close(server) }
        guard let answer = answer(to: request, rest, from: client, to: server, fault) else { return }
        guard fault != .closeBeforeAnswer else { return }
        let headEnd = answer.firstRange(of: Array("\r\n\r\n".utf8))?.upperBound ?? answer.count
        let kept =
            fault == .closeInAnswerHead ? headEnd / 2 : fault == .closeInAnswerBody ? answer.count - 1 : answer.count
        _ = Loopback.send(answer[..<kept], client)
    }

    /// All that the server answers; nil where the request was broken off.
    private func answer(
        to request: Request,
        _ rest: ArraySlice<UInt8>,
        from client: Int32,
        to server: Int32,
        _ fault: Fault
    ) -> [UInt8]? {
        // Each connection carries one request, so that the answer ends with it.
        let dropped: Set<String> = ["connection", "expect"]
        let lines = request.headers.filter { !dropped.contains($0.key) }.map { "\($0.key): \($0.value)\r\n" }
        let text = "\(request.method) \(request.target) HTTP/1.1\r\n\(lines.joined())Connection: close\r\n\r\n"
        let head = Array(text.utf8)
        _ = Loopback.send(fault == .closeInHead ? head[..<(head.count / 2)] : head[...], server)
        guard fault != .closeInHead else { return nil }
        if request.headers["expect"] != nil { Loopback.send("HTTP/1.1 100 Continue\r\n\r\n", client) }
        var limit = Int64.max
        if case .closeInBody(let count) = fault {
            limit = count < 0 ? (Int64(request.headers["content-length"] ?? "") ?? 0) + count : count
        }
        guard body(of: request, rest, from: client, to: server, limit: limit) else { return nil }
        var answer: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = unsafe recv(server, &piece, piece.count, 0)
            guard count > 0 else { return answer }
            answer += piece[..<count]
        }
    }

    /// Passes a request's body on. Returns false where less than all of it was.
    private func body(
        of request: Request,
        _ rest: ArraySlice<UInt8>,
        from client: Int32,
        to server: Int32?,
        limit: Int64
    ) -> Bool {
        let length = Int64(request.headers["content-length"] ?? "") ?? 0
        var left = min(length, limit)
        var rest = rest
        var piece = [UInt8](repeating: 0, count: 1 << 16)
        while left > 0 {
            if rest.isEmpty {
                let count = unsafe recv(client, &piece, piece.count, 0)
                guard count > 0 else { return false }
                rest = piece[..<count]
            }
            let passed = rest.prefix(Int(min(left, Int64(rest.count))))
            if let server, !Loopback.send(passed, server) { return false }
            left -= Int64(passed.count)
            rest = []
        }
        return limit >= length
    }

    private func drain(_ connection: Int32) {
        var piece = [UInt8](repeating: 0, count: 1 << 16)
        while unsafe recv(connection, &piece, piece.count, 0) > 0 {}
    }
}
