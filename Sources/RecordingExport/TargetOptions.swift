/// The options of a target's URL: `NAME=VALUE` joined by `&`.
struct TargetOptions {
    /// Undecoded, in order; an option without `=` has an empty value.
    static func pairs(of text: Substring) -> [(name: Substring, value: Substring)] {
        text.split(separator: "&", omittingEmptySubsequences: false).map { option in
            let pair = option.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            return (pair[0], pair.count > 1 ? pair[1] : "")
        }
    }

    /// A number above 0 and at most `limit`, in whole milliseconds; nil for all else.
    static func seconds(_ value: Substring, limit: Double = 86400) -> Duration? {
        guard let seconds = Double(value), seconds > 0, seconds <= limit else { return nil }
        return .milliseconds(max(1, Int((seconds * 1000).rounded())))
    }

    /// A whole number above 0; nil for all else.
    static func byteCount(_ value: Substring) -> Int64? { Int64(value).flatMap { $0 > 0 ? $0 : nil } }
}
