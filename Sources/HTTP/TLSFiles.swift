/// Files in PEM that a client uses in place of the system's certificates, or to prove who it is.
public struct TLSFiles: Hashable, Sendable {
    /// The authorities to trust; nil for the system's.
    public var authoritiesPath: String?
    /// The client's own certificate; nil for none.
    public var certificatePath: String?
    /// The private key of `certificatePath`.
    public var keyPath: String?

    public init(authoritiesPath: String? = nil, certificatePath: String? = nil, keyPath: String? = nil) {
        self.authoritiesPath = authoritiesPath
        self.certificatePath = certificatePath
        self.keyPath = keyPath
    }
}
