/// Why there is no answer.
public struct HTTPError: Error, Hashable, CustomStringConvertible {
    public enum Kind: Hashable, Sendable {
        /// The host's or the proxy's name is unknown.
        case resolve
        case connect
        /// No encrypted connection came about.
        case handshake
        /// The server's certificate is not trusted here.
        case trust
        /// The time given was used up.
        case timeout
        /// Nothing moved for the stall limit.
        case stall
        case cancelled
        case connectionLost
        /// The request cannot be made as it is.
        case request
        /// A redirect that is not followed.
        case redirect
        /// The body's file cannot be read, or has another size.
        case body
        /// The inspector broke the request off.
        case inspection
        /// libcurl cannot be loaded.
        case library
        /// Out of memory, descriptors or threads.
        case system
    }

    public let kind: Kind
    /// What happened, to follow "cannot reach HOST: ". It names hosts and local paths, never a query or a header.
    public let description: String
    /// False where it is certain that the server saw none of the request: then even what is not idempotent may be repeated.
    public let mayHaveArrived: Bool
    /// libcurl's code, or the errno for `body`; 0 for neither.
    public let code: Int32

    public init(_ kind: Kind, _ description: String, mayHaveArrived: Bool, code: Int32 = 0) {
        self.kind = kind
        self.description = description
        self.mayHaveArrived = mayHaveArrived
        self.code = code
    }

    /// Whether the same request may work later with nothing changed by the user.
    public var isPassing: Bool {
        switch kind {
        case .resolve, .connect, .handshake, .timeout, .stall, .connectionLost, .system: true
        case .trust, .cancelled, .request, .redirect, .body, .inspection, .library: false
        }
    }
}
