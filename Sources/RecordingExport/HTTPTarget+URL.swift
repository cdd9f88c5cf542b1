import HTTP

extension HTTPTarget {
    /// Reads what stands after `--export`: a URL with placeholders, and options after its `#`.
    init(url text: String, relativeTo currentDirectory: String) throws(RecordingExportError) {
        let parts = text.split(separator: "#", maxSplits: 1, omittingEmptySubsequences: false)
        try self.init(String(parts[0]))
        guard parts.count > 1 else { return }
        for option in TargetOptions.pairs(of: parts[1]) {
            try set(option.name, to: option.value, text, currentDirectory)
        }
    }

    private mutating func set(
        _ option: Substring,
        to value: Substring,
        _ text: String,
        _ currentDirectory: String
    ) throws(RecordingExportError) {
        switch option {
        case "method":
            guard let method = Method(rawValue: value.uppercased()) else {
                throw Self.failure(text, "method is PUT or POST", "use one of them")
            }
            self.method = method
        case "header-file":
            guard let path = PercentEncoding.decoded(value), !path.isEmpty, !path.utf8.contains(0) else {
                throw Self.failure(text, "header-file names no file", "add its path, with %25 for a % in it")
            }
            headerFile = path.hasPrefix("/") ? path : "\(currentDirectory)/\(path)"
        case "max-bytes":
            guard let count = TargetOptions.byteCount(value) else {
                throw Self.failure(text, "max-bytes is a number of bytes above 0", "write it in digits")
            }
            greatestByteCount = count
        case "timeout":
            guard let limit = TargetOptions.seconds(value) else {
                throw Self.failure(text, "timeout is a number of seconds above 0, at most a day", "write it in digits")
            }
            timeLimit = limit
        default:
            throw Self.failure(
                text,
                "an option after the # is unknown",
                "use method, header-file, max-bytes and timeout, as NAME=VALUE joined by &"
            )
        }
    }
}
