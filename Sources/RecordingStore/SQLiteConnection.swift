internal import CSQLite

/// An open SQLite database. A fence: with `SQLiteStatement`, the only files that import sqlite3.
@safe
struct SQLiteConnection: ~Copyable, @unchecked Sendable {
    private let connection: OpaquePointer

    /// Opens a database, or makes it. It waits 5 s for what another process has locked.
    init(path: String) throws(SQLiteError) {
        var opened: OpaquePointer?
        let code = unsafe sqlite3_open_v2(path, &opened, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, nil)
        guard let opened = unsafe opened else {
            throw SQLiteError(kind: .other, description: "there is no memory for it")
        }
        guard code == SQLITE_OK else {
            let error = unsafe SQLiteError(of: opened)
            unsafe sqlite3_close_v2(opened)
            throw error
        }
        // Neither fails for an open connection.
        unsafe sqlite3_extended_result_codes(opened, 1)
        unsafe sqlite3_busy_timeout(opened, 5000)
        unsafe connection = opened
    }

    deinit { unsafe sqlite3_close_v2(connection) }

    /// Does one statement or several, without arguments.
    func execute(_ sql: String) throws(SQLiteError) {
        guard unsafe sqlite3_exec(connection, sql, nil, nil, nil) == SQLITE_OK else {
            throw unsafe SQLiteError(of: connection)
        }
    }

    private func compiled(
        _ sql: String,
        _ arguments: [(any SQLiteStorable)?]
    ) throws(SQLiteError) -> SQLiteStatement {
        var statement = unsafe try SQLiteStatement(sql, on: connection)
        try statement.bind(arguments)
        return statement
    }

    /// Does one statement, with an argument for each `?`.
    func execute(_ sql: String, _ arguments: [(any SQLiteStorable)?]) throws(SQLiteError) {
        var statement = try compiled(sql, arguments)
        while try statement.step() {}
    }

    /// The rows of a query in turn, until `body` returns something: that, or nil for none.
    func first<Value>(
        _ sql: String,
        _ arguments: [(any SQLiteStorable)?] = [],
        where body: (SQLiteRow) throws -> Value?
    ) throws -> Value? {
        var statement = try compiled(sql, arguments)
        let columns = statement.columns
        while try statement.step() {
            if let value = try body(SQLiteRow(columns: columns, values: statement.values)) { return value }
        }
        return nil
    }

    /// All rows of a query.
    func rows(_ sql: String, _ arguments: [(any SQLiteStorable)?] = []) throws -> [SQLiteRow] {
        var statement = try compiled(sql, arguments)
        let columns = statement.columns
        var rows: [SQLiteRow] = []
        while try statement.step() { rows.append(SQLiteRow(columns: columns, values: statement.values)) }
        return rows
    }

    /// The first column of all rows, without what is of another kind.
    func column<Value: SQLiteStorable>(
        _ sql: String,
        _ arguments: [(any SQLiteStorable)?] = []
    ) throws -> [Value] {
        try rows(sql, arguments).compactMap { $0.values.first.flatMap(Value.init) }
    }

    /// What a query says that has one row of one column; nil where that is of another kind.
    func value<Value: SQLiteStorable>(_ sql: String, _ arguments: [(any SQLiteStorable)?] = []) throws -> Value? {
        try rows(sql, arguments).first?.values.first.flatMap(Value.init)
    }

    /// All of `body` or, where it throws, nothing of it.
    ///
    /// - Parameter isWriting: takes the lock at once, for one that is only taken in the middle may be refused.
    func transaction<Value>(isWriting: Bool, _ body: (borrowing SQLiteConnection) throws -> Value) throws -> Value {
        try execute(isWriting ? "BEGIN IMMEDIATE" : "BEGIN")
        do {
            let value = try body(self)
            try execute("COMMIT")
            return value
        } catch {
            // Some errors have ended the transaction already. A rollback that fails is one to SQLite all the same.
            if unsafe sqlite3_get_autocommit(connection) == 0 {
                unsafe sqlite3_exec(connection, "ROLLBACK", nil, nil, nil)
            }
            throw error
        }
    }
}

extension SQLiteError {
    /// The last call's on a connection.
    init(of connection: OpaquePointer) {
        let code = unsafe sqlite3_extended_errcode(connection)
        kind =
            switch code & 0xFF {
            case SQLITE_CORRUPT, SQLITE_NOTADB: .damaged
            case SQLITE_IOERR: .inputOutput
            default: .other
            }
        description = unsafe "\(String(cString: sqlite3_errmsg(connection))), SQLite's error \(code)"
    }
}
