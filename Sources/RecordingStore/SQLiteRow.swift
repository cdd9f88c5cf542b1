/// One row of a query's result.
struct SQLiteRow {
    let columns: [String]
    let values: [SQLiteValue]

    /// Null for a column that the query did not ask for.
    subscript(column: String) -> SQLiteValue {
        columns.firstIndex(of: column).map { values[$0] } ?? .null
    }

    /// What a column holds; nil also where it is of another kind, or not finite, as only damage makes it.
    func readable<Value: SQLiteStorable>(_ column: String) -> Value? { Value(self[column]) }
}
