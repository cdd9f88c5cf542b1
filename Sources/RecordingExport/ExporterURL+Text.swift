import HTTP

extension ExporterURL {
    /// The URL again, complete: its paths are absolute, so that it reads the same in any folder.
    public var text: String {
        switch self {
        case .directory(let path, let returnsPath): "dir:\(Self.encoded(path))\(returnsPath ? "?reference=path" : "")"
        case .command(let path): "exec:\(Self.encoded(path))"
        case .http(let target): target.text
        case .s3(let target): target.text
        }
    }

    /// What reports and lists show of a URL: the query of an HTTP URL may hold a secret, and is `…` there.
    public static func shown(_ text: String) -> String {
        let head = text.prefix { $0 != "#" }
        guard text.lowercased().hasPrefix("http"), let query = head.firstIndex(of: "?") else { return text }
        return "\(head[..<query])\(hiddenQuery)\(text[head.endIndex...])"
    }

    /// Where one was left out.
    public static let hiddenQuery = "?…"

    private static func encoded(_ path: String) -> String {
        // More than three slashes at its start would be read as three.
        (path.hasPrefix("//") ? "//" : "") + path.percentEncoded(keeping: "/")
    }
}

extension HTTPTarget {
    fileprivate var text: String {
        var options = TargetOptions.Text()
        if method != .put { options.add("method", method.rawValue) }
        options.add("header-file", headerFile)
        options.add("max-bytes", greatestByteCount.map(String.init))
        options.add("timeout", timeLimit)
        return template + options.text(after: "#")
    }
}

extension S3Target {
    fileprivate var text: String {
        var options = TargetOptions.Text()
        options.add("endpoint", endpoint?.description)
        options.add("region", region)
        options.add("presign", presigning)
        if partByteCount != Self.standardPartByteCount { options.add("part-size", String(partByteCount)) }
        options.add("storage-class", storageClass)
        options.add("max-bytes", greatestByteCount.map(String.init))
        options.add("timeout", timeLimit)
        return "s3://\(bucket)/\(keyTemplate.percentEncoded(keeping: "/{}"))" + options.text(after: "?")
    }
}

extension TargetOptions {
    /// The options of a URL, as they are read.
    fileprivate struct Text {
        private var options: [String] = []

        mutating func add(_ name: String, _ value: String?) {
            if let value { options.append("\(name)=\(value.percentEncoded(keeping: "/:"))") }
        }

        mutating func add(_ name: String, _ duration: Duration?) {
            add(name, duration.map { $0.inSeconds.replacing(" s", with: "") })
        }

        func text(after sign: String) -> String { options.isEmpty ? "" : sign + options.joined(separator: "&") }
    }
}
