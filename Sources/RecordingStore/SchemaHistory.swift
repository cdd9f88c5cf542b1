/// The versions of a database's tables, in order. One that was ever released never changes again.
struct SchemaHistory {
    struct Version {
        let name: String
        let sql: String
    }

    let versions: [Version]

    /// Makes what a database does not have yet.
    func bringUpToDate(_ database: borrowing SQLiteConnection) throws {
        // Mostly there is nothing to do, and nobody to wait for.
        guard try !missing(in: database).isEmpty else { return }
        try database.transaction(isWriting: true) { database in
            // Named so by the library that made the first databases.
            try database.execute("CREATE TABLE IF NOT EXISTS grdb_migrations (identifier TEXT NOT NULL PRIMARY KEY)")
            for version in try missing(in: database) {
                try database.execute(version.sql)
                try database.execute("INSERT INTO grdb_migrations VALUES (?)", [version.name])
            }
        }
    }

    private func missing(in database: borrowing SQLiteConnection) throws -> [Version] {
        let isNew = try database.rows("SELECT 1 FROM sqlite_schema WHERE name = 'grdb_migrations'").isEmpty
        let made: [String] = isNew ? [] : try database.column("SELECT identifier FROM grdb_migrations")
        guard Set(made).isSubset(of: versions.map(\.name)) else {
            throw SQLiteError(kind: .other, description: "a newer version of the program made it")
        }
        return versions.filter { !made.contains($0.name) }
    }
}
