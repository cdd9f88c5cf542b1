internal import CSQLite

/// One compiled statement. A fence: with `SQLiteConnection`, the only files that import sqlite3.
@safe
struct SQLiteStatement: ~Copyable {
    private let connection: OpaquePointer
    private let statement: OpaquePointer

    /// - Parameters:
    ///   - sql: exactly one statement, with a `?` for each argument.
    ///   - connection: stays open for as long as this is there.
    init(_ sql: String, on connection: OpaquePointer) throws(SQLiteError) {
        var compiled: OpaquePointer?
        let code = unsafe sqlite3_prepare_v2(connection, sql, -1, &compiled, nil)
        guard code == SQLITE_OK, let compiled = unsafe compiled else { throw unsafe SQLiteError(of: connection) }
        unsafe self.connection = connection
        unsafe statement = compiled
    }

    deinit { unsafe sqlite3_finalize(statement) }

    /// Gives each `?` its value.
    mutating func bind(_ arguments: [(any SQLiteStorable)?]) throws(SQLiteError) {
        for (index, argument) in arguments.enumerated() {
            try bind(argument?.sqliteValue ?? .null, at: Int32(index + 1))
        }
    }

    private func bind(_ value: SQLiteValue, at index: Int32) throws(SQLiteError) {
        let code =
            switch value {
            case .null: unsafe sqlite3_bind_null(statement, index)
            case .integer(let number): unsafe sqlite3_bind_int64(statement, index, number)
            case .real(let number): unsafe sqlite3_bind_double(statement, index, number)
            case .text(let text):
                unsafe tapeline_sqlite_bind_text(statement, index, text, UInt64(text.utf8.count))
            case .blob(let bytes):
                unsafe tapeline_sqlite_bind_blob(statement, index, bytes, UInt64(bytes.count))
            }
        guard code == SQLITE_OK else { throw unsafe SQLiteError(of: connection) }
    }

    /// - Returns: whether there is another row.
    mutating func step() throws(SQLiteError) -> Bool {
        switch unsafe sqlite3_step(statement) {
        case SQLITE_ROW: true
        case SQLITE_DONE: false
        default: throw unsafe SQLiteError(of: connection)
        }
    }

    var columns: [String] {
        (0..<columnCount).map { index in
            unsafe sqlite3_column_name(statement, index).map { unsafe String(cString: $0) } ?? ""
        }
    }

    /// Of the row that `step` told of.
    var values: [SQLiteValue] { (0..<columnCount).map { value(at: $0) } }

    private var columnCount: Int32 { unsafe sqlite3_column_count(statement) }

    private func value(at index: Int32) -> SQLiteValue {
        switch unsafe sqlite3_column_type(statement, index) {
        case SQLITE_INTEGER: .integer(unsafe sqlite3_column_int64(statement, index))
        case SQLITE_FLOAT: .real(unsafe sqlite3_column_double(statement, index))
        case SQLITE_TEXT:
            .text(unsafe String(decoding: bytes(sqlite3_column_text(statement, index), at: index), as: UTF8.self))
        case SQLITE_BLOB: .blob(unsafe bytes(sqlite3_column_blob(statement, index), at: index))
        default: .null
        }
    }

    /// None where there is no memory for them.
    private func bytes(_ begin: UnsafeRawPointer?, at index: Int32) -> [UInt8] {
        let count = Int(unsafe sqlite3_column_bytes(statement, index))
        return unsafe Array(UnsafeRawBufferPointer(start: begin, count: begin == nil ? 0 : count))
    }
}
