/// Where the program keeps what must survive it (CLI-5).
public enum StateDirectory {
    /// The folder that was asked for, else `$STATE_DIRECTORY` (systemd), else `$XDG_STATE_HOME/tapeline`, else
    /// `~/.local/state/tapeline`. Nil where none of these is known. Nothing is made.
    public static func path(asked: String?, environment: [String: String]) -> String? {
        if let asked, !asked.isEmpty { return asked }
        // systemd names several folders with colons between them; the first is the unit's own.
        if let given = environment["STATE_DIRECTORY"]?.split(separator: ":").first { return String(given) }
        if let home = environment["XDG_STATE_HOME"], home.hasPrefix("/") { return home + "/tapeline" }
        if let home = environment["HOME"], home.hasPrefix("/") { return home + "/.local/state/tapeline" }
        return nil
    }
}
