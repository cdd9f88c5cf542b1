/// The state folder's database could not be used. One sentence that names the fix.
public struct StoreError: Error, Hashable, Sendable, CustomStringConvertible {
    public let path: String
    public let reason: String

    public var description: String {
        "\(path) cannot be used (\(reason)): check the disk and who may write there, or choose another --state"
    }
}
