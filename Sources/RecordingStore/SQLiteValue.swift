/// What one column of a row holds.
enum SQLiteValue: Equatable, Sendable {
    case null
    case integer(Int64)
    case real(Double)
    case text(String)
    case blob([UInt8])
}

/// What is kept in a column.
protocol SQLiteStorable {
    var sqliteValue: SQLiteValue { get }

    /// Nil for a value of another kind, as only damage makes it.
    init?(_ value: SQLiteValue)
}

extension SQLiteValue: SQLiteStorable {
    var sqliteValue: SQLiteValue { self }

    init?(_ value: SQLiteValue) { self = value }
}

extension Int64: SQLiteStorable {
    var sqliteValue: SQLiteValue { .integer(self) }

    init?(_ value: SQLiteValue) {
        guard case .integer(let number) = value else { return nil }
        self = number
    }
}

extension Int: SQLiteStorable {
    var sqliteValue: SQLiteValue { .integer(Int64(self)) }

    init?(_ value: SQLiteValue) {
        guard case .integer(let number) = value else { return nil }
        self.init(exactly: number)
    }
}

extension Bool: SQLiteStorable {
    var sqliteValue: SQLiteValue { .integer(self ? 1 : 0) }

    init?(_ value: SQLiteValue) {
        guard case .integer(let number) = value else { return nil }
        self = number != 0
    }
}

/// Always finite.
extension Double: SQLiteStorable {
    var sqliteValue: SQLiteValue { .real(self) }

    init?(_ value: SQLiteValue) {
        switch value {
        case .real(let number) where number.isFinite: self = number
        case .integer(let number): self.init(number)
        default: return nil
        }
    }
}

extension String: SQLiteStorable {
    var sqliteValue: SQLiteValue { .text(self) }

    init?(_ value: SQLiteValue) {
        guard case .text(let text) = value else { return nil }
        self = text
    }
}

extension [UInt8]: SQLiteStorable {
    var sqliteValue: SQLiteValue { .blob(self) }

    init?(_ value: SQLiteValue) {
        guard case .blob(let bytes) = value else { return nil }
        self = bytes
    }
}
