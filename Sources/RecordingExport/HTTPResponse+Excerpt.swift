import HTTP

extension HTTPResponse {
    /// The beginning of its text in parentheses, safe to show on a terminal; empty where there is none.
    var excerpt: String {
        let text = String(decoding: body.prefix(1000), as: UTF8.self).unicodeScalars.map { scalar in
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator, .privateUse, .surrogate, .unassigned:
                " " as Character
            default: Character(scalar)
            }
        }
        let words = String(text).split(separator: " ").joined(separator: " ").prefix(120)
        return words.isEmpty ? "" : " (\"\(words)\")"
    }
}
