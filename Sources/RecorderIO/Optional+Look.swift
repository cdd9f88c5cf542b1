extension Optional where Wrapped: ~Copyable {
    /// What `body` sees of the value, which cannot be copied, where there is one.
    borrowing func look<Result>(_ body: (borrowing Wrapped) -> Result) -> Result? {
        switch self {
        case .some(let value): body(value)
        case .none: nil
        }
    }
}
