extension String {
    /// Its beginning on one line, safe to show on a terminal and in a log: what a server says is not to be trusted.
    package func printable(characterLimit: Int = 120) -> String {
        let text = unicodeScalars.map { scalar in
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator, .privateUse, .surrogate, .unassigned:
                " " as Character
            default: Character(scalar)
            }
        }
        return String(String(text).split(separator: " ").joined(separator: " ").prefix(characterLimit))
    }
}
