internal import GRDB

extension Row {
    /// What a column holds; nil also where it is of another kind, or not finite, as only damage makes it. GRDB's own
    /// reading ends the process then.
    func readable<Value: DatabaseValueConvertible>(_ column: String) -> Value? {
        let value = (self[column] as (any DatabaseValueConvertible)?)?.databaseValue ?? .null
        if case .double(let number) = value.storage, !number.isFinite { return nil }
        return Value.fromDatabaseValue(value)
    }
}
