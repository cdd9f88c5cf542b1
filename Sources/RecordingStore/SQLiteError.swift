/// What SQLite says of a call that failed.
struct SQLiteError: Error, CustomStringConvertible {
    /// What the caller may do about it.
    enum Kind: Equatable {
        /// The file is damaged, or no database.
        case damaged
        /// The file system failed; nothing of the transaction was done.
        case inputOutput
        case other
    }

    let kind: Kind
    let description: String
}
